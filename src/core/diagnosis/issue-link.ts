/** A link that opens an issue, filled in with what was recorded: nothing of a server's words, no value, no address but HALO's. Pure. */

/** `bugs.url` of package.json, put in by the build; nothing while the project has no public address. */
declare const __BUGS_URL__: string | undefined;
const BUGS_URL = typeof __BUGS_URL__ === "string" ? __BUGS_URL__ : undefined;

export interface IssueFacts {
  readonly cause: string;
  /** The endpoint is HALO's own. */
  readonly halo: boolean;
  readonly method?: string | undefined;
  readonly status?: number | undefined;
  readonly end?: string | undefined;
  readonly codes: readonly string[];
}

/** What may stand in an issue: names of MCP, of HTTP and of this program, never free text. */
const METHODS = /^(?:server\/discover|initialize|notifications\/initialized|tools\/(?:list|call)|GET|POST|DELETE)$/;
const END = /^[a-z]{1,9}(?:-[a-z]{1,9})?$/;
const CODE = /^E[A-Z]{2,15}$|^(?:ERR|EAI|HPE|Z|ZSTD|CERT)_[A-Z0-9]+(?:_[A-Z0-9]+){0,6}$/;
const MOST_CODES = 5;
const LONGEST_CODE = 48;

/** Like encodeURIComponent, and nothing is left that a terminal takes for the end of an address. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** The names that a form of the tracker takes a title and a text by. */
function formOf(bugs: string): { readonly url: string; readonly title: string; readonly text: string } | undefined {
  const url = /^(https:\/\/[\w.-]+(?:\/[\w.~-]+)+?)(?:\/new)?\/?$/.exec(bugs)?.[1];
  if (url === undefined || !url.endsWith("/issues")) return undefined;
  if (/^https:\/\/github\.com\//.test(url)) return { url, title: "title", text: "body" };
  return url.includes("/-/issues") ? { url, title: "issue%5Btitle%5D", text: "issue%5Bdescription%5D" } : undefined;
}

/** Undefined where there is no tracker. One whose form is not known (neither GitHub nor GitLab) is given as it is. */
export function issueLink(facts: IssueFacts, bugs: string | undefined = BUGS_URL): string | undefined {
  if (bugs === undefined || !/^https:\/\/[\w.:/?=&%~@#-]+$/.test(bugs)) return undefined;
  const form = formOf(bugs);
  if (form === undefined) return bugs;
  const codes = facts.codes.filter((code) => code.length <= LONGEST_CODE && CODE.test(code)).slice(0, MOST_CODES);
  const end = facts.end !== undefined && END.test(facts.end) ? facts.end : "";
  const lines = [
    `Endpoint: ${facts.halo ? "api.cm.com" : "another"}`,
    facts.method !== undefined && METHODS.test(facts.method) ? `Request: ${facts.method}` : "",
    facts.status === undefined ? "" : `HTTP status: ${Math.trunc(facts.status)}`,
    end === "" ? "" : `It ended: ${end}`,
    codes.length === 0 ? "" : `Codes: ${codes.join(", ")}`,
    "Versions (npx create-halo-mcp --version, node --version): ",
  ].filter((line) => line !== "");
  const title = `doctor: ${[facts.cause, ...codes.slice(-1)].join(", ")}`;
  return `${form.url}/new?${form.title}=${encode(title)}&${form.text}=${encode(lines.join("\n"))}`;
}
