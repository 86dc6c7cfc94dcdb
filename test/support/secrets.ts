/** Made-up secrets, drawn when they are needed so that none stands in this repository, and the places where they leak. */
import { randomFrom } from "../core/random.ts";

/** Letters and digits that a generator would draw, the same in every run. */
export function drawn(length: number, alphabet: string, seed: number): string {
  const random = randomFrom(seed * 7919 + length);
  return Array.from({ length }, () => alphabet[random.int(alphabet.length)] ?? "").join("");
}
export const HEX = "0123456789abcdef";
export const ALL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
export const guid = (seed: number): string => [8, 4, 4, 4, 12].map((n, at) => drawn(n, HEX, seed + at)).join("-");

export const FORMS: Readonly<Record<string, (seed: number) => string>> = {
  "a known format": (n) => `ghp_${drawn(36, ALL, n)}`,
  "a GUID": guid,
  "a GUID without dashes": (n) => guid(n).replaceAll("-", ""),
  "a short text": (n) => `Zk${drawn(12, ALL, n)}7xQ4`,
};

interface Planted {
  readonly path: string;
  readonly text: string;
  readonly encoding?: "utf-16le" | "utf-16be" | "too-big" | undefined;
}
type Put = (secret: string) => Planted;

/** The bytes of a file. */
export function encode(text: string, encoding: Planted["encoding"]): Uint8Array {
  if (encoding === undefined) return Buffer.from(text);
  if (encoding === "too-big") return Buffer.from(`${text}${" \n".repeat(1_100_000)}`);
  const bytes = Buffer.from(`\uFEFF${text}`, "utf16le");
  return encoding === "utf-16le" ? bytes : bytes.swap16();
}

const mcp = (text: string): Planted => ({ path: ".mcp.json", text });
const vscode = (text: string): Planted => ({ path: ".vscode/mcp.json", text });
const toml = (text: string): Planted => ({ path: ".codex/config.toml", text });
const json = (path: string, value: unknown): Planted => ({ path, text: `${JSON.stringify(value, null, 2)}\n` });
const server = (value: unknown): Planted => json(".mcp.json", { mcpServers: { it: value } });
const remote = (more: object): Planted => server({ type: "http", url: "https://mcp.example.net/mcp", ...more });
const cursor = (it: string): string =>
  `{\n  "mcpServers": {\n    "it": {\n      "url": "https://mcp.example.net",\n      "headers": { "Authorization": "Bearer ${it}" }\n    }\n  }\n}\n`;
const cut = (text: string): string => text.slice(0, text.lastIndexOf("}"));
const escaped = (text: string): string =>
  [...text].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
const TOML = '[mcp_servers.it]\nurl = "https://mcp.example.net"\n';

/** Each puts a secret into a file where one leaks. */
export const PLACES: Readonly<Record<string, Put>> = {
  "a header": (it) => remote({ headers: { Authorization: `Bearer ${it}` } }),
  "a header in letters of escapes": (it) =>
    mcp(
      `{"mcpServers":{"it":{"type":"http","url":"https://mcp.example.net","headers":{"${escaped("X-Api-Key")}":"${escaped(it)}"}}}}`,
    ),
  "a header's name": (it) => remote({ headers: { [`Authorization: Bearer ${it}`]: "" } }),
  "the token's header": (it) => remote({ headers: { "X-CM-PRODUCTTOKEN": it } }),
  "the token's header, padded": (it) =>
    remote({ url: " https://mcp.example.net/mcp ", headers: { " X-CM-PRODUCTTOKEN ": it } }),
  "a misspelled header of the token": (it) => remote({ headers: { "CM-PRODUCT-TOKEN": it } }),
  "a list of headers": (it) => remote({ headers: [{ name: "Authorization", value: `Bearer ${it}` }] }),
  "a header beside a reference": (it) => remote({ headers: { "X-Api-Key": `${it}-\${REGION}` } }),
  "a header that is sent twice": (it) =>
    mcp(
      `{"mcpServers":{"it":{"type":"http","url":"https://mcp.example.net","headers":{"X-Api-Key":"${it}","X-Api-Key":"\${KEY}"}}}}`,
    ),
  "a server that another one replaces": (it) =>
    mcp(`{"mcpServers":{"it":{"command":"x","env":{"API_KEY":"${it}"}},"it":{"command":"x"}}}`),
  "a server's name": (it) => json(".mcp.json", { mcpServers: { [`token=${it}`]: { command: "x" } } }),
  "a key": (it) => remote({ [`token=${it}`]: true }),
  "the password of a URL": (it) => remote({ url: `https://user:${it}@mcp.example.net/mcp` }),
  "the password of a padded URL": (it) => remote({ url: `https://user:${it}@mcp.example.net/mcp ` }),
  "the user of a URL": (it) => remote({ url: `https://${it}@mcp.example.net/mcp` }),
  "a query": (it) => remote({ url: `https://mcp.example.net/mcp?a=b&api_key=${it}` }),
  "a query without a type": (it) => server({ url: `https://mcp.example.net/mcp?a=b&api_key=${it}` }),
  "a fragment": (it) => remote({ url: `https://mcp.example.net/mcp#access_token=${it}` }),
  "a path": (it) => remote({ url: `https://mcp.example.net/token/${it}/mcp` }),
  "HALO's address": (it) => remote({ url: `http://api.cm.com/halo/core/mcp?token=${it}` }),
  "a flag with =": (it) => server({ command: "x", args: [`--api-key=${it}`] }),
  "a flag and its value": (it) => server({ command: "x", args: ["--token", it] }),
  "curl's -H": (it) => server({ command: "curl", args: ["-H", `Authorization: Bearer ${it}`] }),
  "curl's -H in one": (it) => server({ command: "curl", args: [`-HAuthorization: Bearer ${it}`] }),
  "curl's -u": (it) => server({ command: "curl", args: ["-u", `admin:${it}`] }),
  "KEY=value in an argument": (it) => server({ command: "docker", args: ["run", "-e", `API_KEY=${it}`, "image"] }),
  "KEY=value in env": (it) => server({ command: "x", env: [`API_KEY=${it}`] }),
  "a line for a shell": (it) => server({ command: `API_KEY=${it} npx it` }),
  "a command of headers": (it) => remote({ headersHelper: `echo '{"Authorization": "Bearer ${it}"}'` }),
  env: (it) => server({ command: "x", env: { DB_PASSWORD: it } }),
  "a default": (it) => remote({ headers: { Authorization: `Bearer \${TOKEN:-${it}}` } }),
  "base64 for a password": (it) =>
    remote({ headers: { "X-Any": `Basic ${Buffer.from(`user:${it}`).toString("base64")}` } }),
  "a password's input": (it) =>
    json(".vscode/mcp.json", { inputs: [{ type: "promptString", id: "a", password: true, default: it }], servers: {} }),
  "a permission": (it) =>
    json(".claude/settings.json", { permissions: { allow: [`Bash(curl -H "Authorization: Bearer ${it}" x)`] } }),
  "a file that is cut off": (it) => ({ path: ".cursor/mcp.json", text: cut(cursor(it)) }),
  "a .mcp.json that is cut off": (it) => mcp(cut(cursor(it))),
  "arguments of a file that is cut off": (it) =>
    mcp(`{"mcpServers": {"it": {"command": "x", "args": ["--token", "${it}"]`),
  "a string that is not closed": (it) => mcp(`{"mcpServers": {"it": {"token": "${it}\n}}}`),
  "a side of a merge": (it) => mcp(`{\n<<<<<<< HEAD\n  "token": "${it}",\n=======\n>>>>>>> b\n  "mcpServers": {}\n}\n`),
  "a comment": (it) => vscode(`{\n  // "Authorization": "Bearer ${it}"\n  "servers": {}\n}\n`),
  "a comment over two lines": (it) => vscode(`{\n  // "Authorization":\n  //   "Bearer ${it}"\n  "servers": {}\n}\n`),
  "a comment of .mcp.json": (it) => mcp(`{\n  // our servers\n  "mcpServers": {} /* token=${it} */\n}\n`),
  "UTF-16": (it) => ({ path: ".cursor/mcp.json", text: cursor(it), encoding: "utf-16le" }),
  "UTF-16 with the big end first": (it) => ({ path: ".mcp.json", text: cursor(it), encoding: "utf-16be" }),
  "a file of more than 2 MiB": (it) => ({ path: ".cursor/mcp.json", text: cursor(it), encoding: "too-big" }),
  "TOML's header": (it) => toml(`${TOML}http_headers = { Authorization = "Bearer ${it}" }\n`),
  "TOML's arguments": (it) => toml(`[mcp_servers.it]\ncommand = "x"\nargs = ["--token", "${it}"]\n`),
  "TOML's text of several lines": (it) => toml(`${TOML}token = """\n${it}"""\n`),
  "TOML's comment": (it) => toml(`# Authorization = "Bearer ${it}"\n${TOML}`),
  "TOML's escapes": (it) => toml(`${TOML}http_headers = { "Authoriz\\u0061tion" = "${escaped(it)}" }\n`),
  "an example of .env": (it) => ({ path: ".env.example", text: `API_KEY=${it}\n` }),
  "a comment of an example": (it) => ({ path: ".env.example", text: `# API_KEY=${it}\nA=\n` }),
  "a program of direnv": (it) => ({ path: ".envrc", text: `curl -H "Authorization: Bearer ${it}" x\n` }),
};
