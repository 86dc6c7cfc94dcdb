/** The files of a project: secrets that others can read, servers where nobody reads them, variables without a value, approvals. */

import { isBelow, isPluginOnly, mcpFor } from "../check/documents.ts";
import { givenBy, givenValues, isOnlySettings, isPrivate, isShared, isSkipped, LOADS } from "../check/env-files.ts";
import type { Document, Rule, Span, Subject } from "../check/model.ts";
import { claudeEntries, entryRow, filesWhere, fixOf, rowsOf } from "../check/run.ts";
import { isSecretName } from "../check/secret-judge.ts";
import { secretsIn } from "../check/secret-places.ts";
import { haloServers, misplacedServers, readerOf, rivalOf, saidBy, valueHeaders } from "../check/servers.ts";
import { isFitToShow } from "../check/show.ts";
import { entriesIn, type ServerEntry, textsIn } from "../clients/entry.ts";
import { clientOf } from "../clients/index.ts";
import { hasReference, variablesIn } from "../clients/references.ts";
import { nearest } from "../command-line.ts";
import { addExampleNames, assignments } from "../formats/dotenv.ts";
import { removeFromArray, removeProperty } from "../formats/json-edit.ts";
import { isObjectNode, member, textOf } from "../formats/nodes.ts";
import { isSafeVariable, LABELS } from "../halo.ts";
import { once } from "../once.ts";
import { maskOf } from "../secrets.ts";

const misplacedRow = rowsOf(misplacedServers);
const linkRow = filesWhere(({ kind, target }) => target !== undefined && !kind.startsWith("env"));
const otherFileRow = filesWhere(({ kind }) => kind !== "mcp");

function spanIn(document: Document, secret: string): Span | undefined {
  const offset = document.text.indexOf(secret);
  if (offset >= 0) return { offset, length: secret.length };
  return secretsIn(document).find(({ text }) => text.includes(secret))?.span;
}

/** The environment's own token in a tracked file: the rule token-in-repository reports it. */
function isOurToken({ secrets }: Subject, { tracked }: Document, text: string): boolean {
  return tracked && secrets.some((secret) => text.includes(secret));
}

const privateRow = filesWhere(
  (each) => each.tracked && each.encoding !== "absent" && isPrivate(each) && !isOnlySettings(each),
);
const sharedRow = filesWhere((document, subject) => {
  const isRead = /^(?:mcp|misplaced|settings|envrc|(?:client|inside):.*)$/.test(document.kind);
  // a link: once, under the name of the file itself
  return isRead && isShared(subject, document) && subject.documents.every(({ path }) => path !== document.target);
});
const exampleRow = filesWhere((document, subject) => document.kind === "env-example" && isShared(subject, document));
const openRow = filesWhere(({ kind, tracked }) => /^(?:env|settings-local)$/.test(kind) && !tracked);

/** Variables that the machine, the shell or the client sets for everybody. */
const SET_ANYWAY =
  /^(?:HOME|USER(?:NAME|PROFILE)?|LOGNAME|PATH|PWD|SHELL|LANG|LC_\w+|TERM|TE?MP|TMPDIR|EDITOR|(?:HOST|COMPUTER)NAME|DISPLAY|CI|OS|(?:LOCAL)?APPDATA|PROGRAM(?:DATA|FILES)|SYSTEMROOT|HOMEDRIVE|HOMEPATH|XDG_\w+|SSH_AUTH_SOCK|CLAUDE_\w+|workspaceFolder\w*|userHome|pathSeparator|\w+_PROXY|JAVA_HOME|VIRTUAL_ENV)$/i;

/** The variables of an entry without a default that neither the machine nor the entry sets, in the order of the file. */
function neededBy({ client, dialect, node }: Pick<ServerEntry, "client" | "dialect" | "node">): readonly string[] {
  const { names: table, variables = [] } = client.entry;
  const env = (member(node, "env") ?? member(node, "environment"))?.value;
  const named = node.entries.filter(({ key }) => key === table || variables.includes(key));
  const given = named.flatMap(({ value }) => (value.kind === "scalar" ? value : value.entries.map((it) => it.value)));
  const names = given.map((each) => textOf(each) ?? "").filter((text) => /^[A-Za-z_]\w*$/.test(text));
  const used = textsIn(node).flatMap(({ text }) => variablesIn(text, dialect).map((each) => ({ ...each, text })));
  const unset = used.filter(({ name, hasDefault, text }) => {
    const own = textOf(member(env, name)?.value);
    return !hasDefault && (own === undefined || own === text);
  });
  return [...new Set([...names, ...unset.map(({ name }) => name)])].filter((name) => !SET_ANYWAY.test(name));
}

/** The example files above a file, the deepest first; in one folder, `.env.example` first. */
function examplesFor({ documents }: Subject, document: Document): readonly Document[] {
  const rank = ({ path }: Document) => 2 * path.split("/").length + Number(/(?:^|\/)\.env\.example$/.test(path));
  return documents
    .filter((each) => each.kind === "env-example" && each.encoding === "utf-8" && isBelow(document, each))
    .toSorted((a, b) => rank(b) - rank(a));
}

/** The servers with variables that no example lists, each variable once. */
function unlisted(subject: Subject) {
  const halo = new Map(haloServers(subject).map((server) => [server.node, server]));
  const said = new Set<string>();
  return subject.documents.flatMap((document) => {
    const client = clientOf(document.kind);
    if (client === undefined || isPluginOnly(document) || document.ignored || !subject.inRepository) return [];
    const examples = examplesFor(subject, document);
    const [example] = examples;
    // a repository without HALO and without an example documents its variables elsewhere
    const isJudged = example !== undefined && (document.kind === "mcp" || client.entry.names !== undefined);
    return entriesIn(document.tree, client).flatMap((entry) => {
      const server = halo.get(entry.value);
      if (server === undefined && !isJudged) return [];
      const values = server ? valueHeaders(server).flatMap(({ variables }) => variables) : [];
      const missing = neededBy(server ?? { client, dialect: client.references, node: entry.value }).filter((name) => {
        const key = `${example?.path ?? ""}\n${name}`;
        const isSaid = said.has(key) || examples.some((each) => givenBy(each).has(name));
        // variables of other programs have a rule of their own; everybody has the values of shared files
        if (isSaid || (values.includes(name) && !isSafeVariable(name))) return false;
        said.add(key);
        return givenValues(subject, document, name).every((given) => given.document.kind === "env-example");
      });
      const found = { document, name: entry.key, at: entry, example, missing, isHalo: server !== undefined };
      return missing.length === 0 ? [] : [found];
    });
  });
}

/** Each name in a list of approved or rejected servers, or alone in its place: it is read as a list (Claude Code 2.1.332). */
const approvals = once((subject: Subject) =>
  subject.documents.flatMap((document) =>
    ["enabledMcpjsonServers", "disabledMcpjsonServers"].flatMap((key) => {
      const isRead = document.kind.startsWith("settings") && !isSkipped(document);
      const value = isRead ? member(document.tree, key)?.value : undefined;
      const values = value?.kind === "array" ? value.entries.map((entry) => entry.value) : [value];
      return values.flatMap((each) => {
        const name = textOf(each);
        return each === undefined || name === undefined ? [] : [{ document, key, name, at: each }];
      });
    }),
  ),
);

/** A rule about each rejection of HALO. It overrides an approval (Claude Code 2.1.330). */
const disabledRow = (kind: Document["kind"]) =>
  rowsOf((subject) => {
    const names = new Set(haloServers(subject).flatMap(({ document, name }) => (document.kind === "mcp" ? name : [])));
    const isRejected = ({ document, key, name }: ReturnType<typeof approvals>[number]): boolean =>
      document.kind === kind && key === "disabledMcpjsonServers" && names.has(name);
    return approvals(subject).filter(isRejected);
  });

const approvalRow = rowsOf(approvals);
const envRow = filesWhere(({ path }) => path === ".env");
const variableRow = rowsOf(unlisted);

export const PROJECT_RULES: readonly Rule[] = [
  // "No MCP servers configured" for all of them, in a trusted folder too (Claude Code 2.1.330, measured)
  misplacedRow("misplaced-servers", "warning", "Claude Code does not read the file or the key that has the servers", {
    find: ({ document, entry, path, right, isHaloLost, copied, isCopy }, subject) => {
      const { text, kind, broken, ignored, encoding } = document;
      // at the root, another program may read a file with this common name
      const isCommon = document.path === "mcp.json";
      const [isWhole, isOwn] = [kind === "misplaced", kind === "settings-local"];
      const what = isWhole ? document.path : `"${entry.key}" in ${document.path}`;
      if (isCopy) return { args: { what, copied: copied.join(", ") }, severity: "note" };
      const severity = isHaloLost && !(isCommon && subject.allowMissing) ? "error" : isCommon ? "note" : "warning";
      const isRight = entry.key === "mcpServers" && entry.start !== entry.value.start;
      const key = isRight ? "" : ', under "mcpServers"';
      const move = `${right ? "add" : "move"} them to ${path}${key}${isOwn ? ", or, for you alone, add them with claude mcp add" : ""}`;
      const place = { args: { what, move }, severity } as const;
      // a file of one person is not moved to where git adds it, nor one of all to where git ignores it
      const isHidden = ignored || subject.hidden.has(path);
      if (right || key || copied.length > 0 || broken || encoding !== "utf-8" || isHidden || isCommon || isOwn)
        return place;
      const whole = { offset: 0, length: text.length, text: "" };
      if (isWhole) return { ...place, fix: [whole], creates: { path, text } };
      const fix = fixOf(text, removeProperty(text, ["mcpServers"], { strict: true }));
      const end = text.includes("\r\n") ? "\r\n" : "\n";
      const block = `{${end}  "mcpServers": ${text.slice(entry.value.start, entry.value.end)}${end}}${end}`;
      return fix === undefined ? place : { ...place, fix, creates: { path, text: block } };
    },
    message: ({ what, move, copied }) =>
      copied === undefined
        ? `Claude Code does not read ${what}, so it loads none of these servers; ${move}`
        : `Claude Code does not read ${what}, and loads servers with these names from ${copied}; remove this copy`,
  }),
  linkRow("broken-link", "warning", "A link leads nowhere, or out of the repository", {
    find: ({ document }, subject) => {
      const { path, target = "", encoding } = document;
      const isLost = encoding === "absent";
      const isOutside = subject.inRepository && /^(?:\.\.\/|\/|[A-Za-z]:)/.test(target) && isShared(subject, document);
      if (!isLost && !isOutside) return undefined;
      const severity = isLost && path === ".mcp.json" && !subject.allowMissing ? "error" : "warning";
      return { args: isLost ? { target } : {}, severity };
    },
    message: ({ target }) =>
      target === undefined
        ? "this link leads out of the repository: nobody else has the file; allowed: a file, or a link to one in the repository"
        : `this link leads to ${target}, which does not exist, so no client can read it; create the file, or correct the link`,
  }),
  // each client sends the references of the other as they are (measured, see docs/clients)
  otherFileRow("shared-by-clients", "error", "Two clients read a file, and no spelling of a reference suits both", {
    find: ({ document }, subject) => {
      const [client, rival] = [readerOf(document), rivalOf(subject, document)];
      const other = rival && readerOf(rival);
      if (client === undefined || rival === undefined || other === undefined) return undefined;
      // of two names, one is reported
      if (rival.kind !== "mcp" && rival.path > document.path) return undefined;
      const texts = entriesIn(document.tree, client).flatMap(({ value }) => textsIn(value));
      const at = texts.find(({ text }) => hasReference(text))?.node;
      const isHalo = haloServers(subject).some((server) => server.document === document);
      const args = { other: rival.path, client: client.label, rival: other.label };
      return { at, args, severity: isHalo ? "error" : "warning" };
    },
    message: `{path} is the same file as {other}, and no spelling of a reference suits both {client} and {rival}; give {client} a file of its own`,
  }),
  // compares with the value of HALO_MCP_TOKEN in this environment, so it does not guess
  rowsOf(({ documents, secrets, spilled }) => {
    const tracked = documents.filter((document) => document.tracked);
    const found = tracked.flatMap((document) => secrets.map((it) => ({ document, at: spanIn(document, it) })));
    return [...found, ...spilled.map(({ path, ...at }) => ({ document: { path }, at }))];
  })("token-in-repository", "error", "A tracked file contains the token of this environment", {
    find: ({ at }) => at && {},
    message: `this tracked file contains the value of HALO_MCP_TOKEN; delete the token in HALO Studio now (Settings > Product Tokens) and create a new one: pushed commits stay readable`,
  }),
  // everybody who ever cloned the repository has the secret: deleting the line does not undo that
  sharedRow("committed-secret", "error", "A file that git tracks, or would add, contains a secret", {
    find: ({ document }, subject) => {
      const ofGit = document.tracked ? "git tracks this file" : "no ignore rule covers this file";
      const git = subject.inRepository ? ofGit : "without a git repository check assumes that the file is shared";
      return secretsIn(document)
        .filter(({ text }) => !isOurToken(subject, document, text))
        .map(({ what, value, where, span }) => ({ at: span, args: { what, where, value: maskOf(value), git } }));
    },
    message: `{where} contains {what} ({value}), and {git}; allowed: a reference to a variable. Revoke the secret first: pushed commits stay readable`,
  }),
  privateRow("committed-env-file", "error", "Git tracks a file with private values", {
    find: () => ({}),
    message: `git tracks {path}, so every clone contains its values; run git rm --cached {path}, add it to .gitignore, and replace the secrets in it. Allowed: .env.example, with names only`,
  }),
  rowsOf((subject) => {
    const isOpen = (each: Document) => subject.inRepository && !each.tracked && !each.ignored && isPrivate(each);
    const open = subject.documents.filter(isOpen).map((document) => ({ document, env: undefined }));
    // a `.env` that does not exist yet, next to a .mcp.json
    const mcp = subject.documents.map((document) => ({ document, env: document.path.replace(/\.mcp\.json$/, ".env") }));
    const absent = mcp.filter(({ document, env }) => document.kind === "mcp" && subject.unignoredEnv.includes(env));
    return [...open, ...absent];
  })("env-file-not-ignored", "error", "No ignore rule covers a file with private values", {
    find: ({ document: { text }, env }) => {
      if (env === undefined) return {};
      const references = [...text.matchAll(/\$\{([A-Za-z_]\w{0,127})\}/g)];
      const match = references.find(([, name = ""]) => isSecretName(name));
      if (match === undefined) return undefined;
      const [{ length }, variable = ""] = match;
      return { at: { offset: match.index, length }, args: { path: env, variable }, severity: "warning" };
    },
    message: ({ path, variable }) =>
      variable === undefined
        ? `no ignore rule covers ${path}, so the next "git add -A" adds its values; add it to .gitignore`
        : `no ignore rule covers ${path}, so once it holds the value of ${variable}, the next "git add -A" adds that value; add ${path} to .gitignore`,
  }),
  exampleRow("env-example-secret", "error", "A .env.example contains a real secret", {
    find: ({ document }, subject) =>
      secretsIn(document)
        .filter(({ value }) => !isOurToken(subject, document, value))
        .map(({ name, value, span }) => ({ at: span, args: { name, value: maskOf(value) } })),
    message: `{name} has what looks like a real value ({value}) in a file that is shared; allowed: nothing after the "=", or a placeholder. Revoke the value`,
  }),
  // the set-up works where it was written and nowhere else; git says nothing (create-next-app 16.4.3 ignores `.env*`)
  rowsOf(({ hidden, documents, allowMissing }) => {
    const used = new Set(documents.filter(({ kind }) => kind === "mcp").map(({ path }) => path));
    const files = [...hidden].map(([path, rule]) => ({ document: { path }, rule, isMcp: path.endsWith(".mcp.json") }));
    // elsewhere, nothing says that a file was meant to be there
    const isMeant = (path: string) => path === ".mcp.json" || documents.some((each) => each.path === path);
    return files.filter(({ isMcp, document: { path } }) =>
      isMcp ? !allowMissing && isMeant(path) : used.has(mcpFor(path)),
    );
  })("team-file-ignored", "warning", "An ignore rule hides a file that is meant for everybody", {
    find: ({ document: { path }, rule: { source, line, pattern }, isMcp }, { documents }) => {
      const here = documents.some((each) => each.path === path) ? "here" : "absent";
      return { args: { rule: `${source}:${line}`, pattern, isMcp: isMcp ? here : undefined } };
    },
    message: ({ path = "", rule, pattern, isMcp }) =>
      `${rule} ("${pattern}") ignores ${path}, so no clone, worktree or CI job has it; ${
        isMcp === undefined
          ? `${path.endsWith(".json") ? "" : `add the line !${path.replace(/^.*\//, "")} after that rule, or `}run git add -f ${path}`
          : `${isMcp === "here" ? "remove the rule, or run" : "it is not here: whoever has it removes the rule, or runs"} git add -f ${path}. If the file is only yours: npx create-halo-mcp --scope user, and check --allow-missing`
      }`,
  }),
  // another rule reports files in git, which more people can read
  openRow("env-file-readable", "warning", "Other users of this machine can read a file with secrets", {
    localOnly: true,
    find: ({ document }) => {
      const { mode = 0 } = document;
      const isOpen = (mode & 0o077) !== 0 && secretsIn(document).length > 0;
      return isOpen && { args: { mode: mode.toString(8).padStart(3, "0") } };
    },
    message: `{path} holds a secret and has mode {mode}, so other users of this machine can read it; run: chmod 600 {path}`,
  }),
  // an unset variable is sent as `${NAME}`. Covers HALO in every client's file, and other servers in those of Claude Code and Codex
  variableRow("variable-not-in-example", "warning", "A variable that a server needs is not in .env.example", {
    find: ({ example, missing, isHalo }, subject) => {
      const file = example?.path;
      if (example === undefined) return { args: { names: missing.join(", "), file } };
      // HALO_DK_PROFILE_ID may be a profile of its own next to HALO_DE_PROFILE_ID; HALO_MCP_TOKN can only be a slip
      const slips = missing.filter((name) => isHalo && saidBy(name) === undefined);
      const [meant] = slips.flatMap((name) => nearest(name, [...givenBy(example).keys()]) ?? []);
      const args = { names: missing.join(", "), file, meant };
      if (meant !== undefined) return { args };
      const names = missing.map((name) => {
        const said = isHalo ? saidBy(name) : undefined;
        return { name, comment: said === undefined ? "For an MCP server" : `HALO ${LABELS[said]}` };
      });
      const isMendable = missing.every((name) => isFitToShow(subject, name));
      const fix = isMendable ? fixOf(example.text, addExampleNames(example.text, names)) : undefined;
      return { document: example, at: { offset: example.text.length, length: 0 }, args, fix };
    },
    message: ({ name, names = "", file, meant }) => {
      const line = names.includes(", ") ? "a line NAME= for each" : `the line ${names}=`;
      const help = meant ? `; did you mean ${meant}?` : `: new team members cannot know what to set; add ${line}`;
      return `server "${name}" needs ${names}, which ${file === undefined ? "no .env.example lists" : `${file} does not list`}${help}`;
    },
  }),
  // case counts (2.1.332, measured). Without a `.mcp.json` here the list may be about one that is not committed
  approvalRow("unknown-approval", "warning", "A list of approved or rejected servers has one that no .mcp.json has", {
    find: ({ key, name }, subject) => {
      const known = claudeEntries(subject).map((server) => server.name);
      const isRead = ({ kind, tree }: Document) => kind === "mcp" && isObjectNode(member(tree, "mcpServers")?.value);
      if (!subject.documents.some(isRead) || known.includes(name)) return undefined;
      return { args: { key, meant: nearest(name, known) } };
    },
    message: ({ key, name, meant }) =>
      `"${key}" lists "${name}", which no .mcp.json here has${meant === undefined ? "" : `; "${meant}" is probably meant`}`,
  }),
  disabledRow("settings")("halo-disabled", "error", "A shared settings file disables HALO for everybody", {
    find: ({ document: { text }, name }) => {
      const edited = removeFromArray(text, ["disabledMcpjsonServers"], name, { strict: false });
      return { fix: fixOf(text, edited) };
    },
    message: `"disabledMcpjsonServers" lists "{name}", so Claude Code does not load it for anyone in this repository; remove it`,
  }),
  // Claude Code reads the `.mcp.json` of every folder above it, and uses the nearest entry with a name (2.1.330, measured)
  entryRow("halo-shadowed", "warning", "A nested .mcp.json has another server under HALO's name", {
    find: ({ document, name, entry }, subject) => {
      const same = haloServers(subject).filter((server) => server.document.kind === "mcp" && server.name === name);
      const above = same.find((server) => server.document !== document && isBelow(document, server.document));
      // a monorepo may have HALO again on purpose, with another profile
      return above && same.every((server) => server.entry !== entry) && { args: { path: above.document.path } };
    },
    message: `"{name}" is HALO in {path}, but another server here, and Claude Code uses this one in this folder; give it another name`,
  }),
  // Claude Code reads no `.env` (2.1.197 and 2.1.330, measured): it sends `${HALO_MCP_TOKEN}` as literal text
  envRow("bridge-missing", "note", "The values are in .env, which Claude Code does not read", {
    localOnly: true,
    find: ({ document: env }, subject) => {
      // the folder's own, and that of the main checkout of a worktree
      const bridge = /^(?:\.\.\/.*)?\.claude\/settings\.local\.json$/;
      const bridges = subject.documents.filter(({ path }) => bridge.test(path));
      if (subject.documents.some(({ path, text }) => path === ".envrc" && LOADS.test(text))) return undefined;
      const needed = haloServers(subject)
        .filter(({ document, program }) => document.path === ".mcp.json" && program === undefined)
        .flatMap((server) => valueHeaders(server).flatMap(({ variables }) => variables))
        .filter((name) => !bridges.some((each) => givenBy(each).has(name)));
      const lost = assignments(env.text).filter(({ name, value }) => value !== "" && needed.includes(name));
      const [first] = lost;
      if (first === undefined) return undefined;
      const names = [...new Set(lost.map(({ name }) => name))].join(", ");
      return { at: { offset: first.start, length: first.nameEnd - first.start }, args: { names } };
    },
    message: `Claude Code does not read .env, and neither .claude/settings.local.json nor .envrc passes {names} to it; run npx create-halo-mcp, or export them in the shell that starts it`,
  }),
  // the default answer of Claude Code's dialog about a new server rejects it, and is stored here (2.1.330)
  disabledRow("settings-local")("halo-rejected-here", "warning", "HALO was rejected on this machine", {
    localOnly: true,
    find: () => ({}),
    message: `"{name}" was rejected here, so Claude Code does not load it; remove it from "disabledMcpjsonServers", or run claude mcp reset-project-choices`,
  }),
];
