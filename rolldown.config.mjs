/**
 * One package, no runtime dependencies: everything is bundled into flat chunks in dist/, loaded when used.
 * Every bundled package is named, with its reason, in bundled-packages.json; anything else fails the build.
 */
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "rolldown";
import { minifySync } from "rolldown/utils";

const root = dirname(fileURLToPath(import.meta.url));
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
const { version } = readJson(join(root, "package.json"));
const listed = readJson(join(root, "bundled-packages.json"));

/** The package a module belongs to (the innermost node_modules folder counts), or undefined for our own. */
function packageOf(id) {
  const parts = id.replaceAll("\\", "/").split("/node_modules/");
  return parts.length < 2 ? undefined : parts.at(-1).match(/^(?:@[^/]+\/)?[^/]+/)?.[0];
}

/** The folder of that package on disk. */
function folderOf(id, name) {
  const path = id.replaceAll("\\", "/");
  return path.slice(0, path.lastIndexOf(`/node_modules/${name}/`) + `/node_modules/${name}`.length);
}

/** Packages whose code was copied into another package's published file; bundlers leave their paths in region comments. */
function embeddedIn(code) {
  const names = [...code.matchAll(/#region [^\n]*node_modules\/((?:@[^/\s]+\/)?[^/\s]+)\//g)].map((match) => match[1]);
  return new Set(names.filter((name) => name !== ".pnpm"));
}

/** Fails the build when what is bundled and what bundled-packages.json lists are not the same. */
function bundledPackages() {
  const found = new Map();
  // The modules come in another order in every build, and a package may be there in two versions.
  const add = (name, folder, importer) => {
    const known = found.get(name) ?? { folders: new Set(), importer: undefined };
    known.folders.add(folder);
    known.importer ??= importer;
    found.set(name, known);
  };
  return {
    name: "bundled-packages",
    buildStart: () => found.clear(),
    buildEnd(error) {
      if (error) return;
      for (const id of this.getModuleIds()) {
        const name = packageOf(id);
        if (name === undefined) continue;
        const info = this.getModuleInfo(id);
        const importer = [...(info?.importers ?? []), ...(info?.dynamicImporters ?? [])].find(
          (i) => packageOf(i) !== name,
        );
        add(name, folderOf(id, name), importer);
        for (const inner of embeddedIn(info?.code ?? "")) add(inner, join(root, "node_modules", inner), id);
      }
      const problems = [];
      for (const [name, { importer }] of found) {
        if (listed[name]) continue;
        const by = importer === undefined ? "the entry" : relative(root, importer);
        problems.push(
          `${name}, imported by ${by}, is not listed: list it with its chunk and a reason, or do without it`,
        );
      }
      for (const name of Object.keys(listed)) {
        if (!found.has(name)) problems.push(`${name} is listed but is no longer bundled: delete its line`);
      }
      if (problems.length > 0)
        this.error(`bundled-packages.json does not match what is bundled:\n  - ${problems.sort().join("\n  - ")}`);
    },
    writeBundle() {
      const path = join(root, "THIRD-PARTY-LICENSES.md");
      const text = licences(found);
      if (existsSync(path) && readFileSync(path, "utf8") === text) return;
      if (process.env.CI) this.error("THIRD-PARTY-LICENSES.md is out of date: run `npm run build` and commit it");
      writeFileSync(path, text);
    },
  };
}

function licences(found) {
  const sections = new Map();
  for (const [name, { folders }] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const text = [...new Set([...folders].map((folder) => licenceOf(name, folder)))].sort().join("\n");
    sections.set(text, [...(sections.get(text) ?? []), name]);
  }
  const written = [...sections].map(([text, names]) => `## ${names.join(", ")}\n\n${text}`);
  return `# Third-party licences\n\nThe published files contain code of the packages below. \`npm run build\` writes this file.\n\n${written.join("\n")}`;
}

function licenceOf(name, folder) {
  const entries = readdirSync(folder).sort();
  const manifest = readJson(join(folder, "package.json"));
  const file = entries.find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined || typeof manifest.license !== "string") throw new Error(`no licence found for ${name}`);
  const notice = entries.find((entry) => /^notice/i.test(entry));
  const texts = [file, notice]
    .filter((entry) => entry !== undefined)
    .map((entry) => readFileSync(join(folder, entry), "utf8").replace(/\r\n?/g, "\n").trim());
  return `Licence: ${manifest.license}\n\n\`\`\`text\n${texts.join("\n\n").replace(/[ \t]+$/gm, "")}\n\`\`\`\n`;
}

/** The exports of a chunk in one statement, where rolldown writes one for each. */
function fewerExports(code) {
  const one =
    /Object\.defineProperty\(exports, ["']([\w$]+)["'], \{\s*enumerable: true,\s*get: function \(\) \{\s*return ([\w$]+);\s*\}\s*\}\);\s*/g;
  const all = [...code.matchAll(one)].map(([, name, local]) => `${name}: () => ${local}`);
  if (all.length === 0) return code;
  const define = "Object.defineProperty(exports, name, { enumerable: true, get })";
  return `${code.replace(one, "")}\nfor (const [name, get] of Object.entries({ ${all.join(", ")} })) ${define};\n`;
}

/** Chunks are minified, ours too: reading them takes a tenth of `node -e 0` for `check`, and a tenth of the package. */
function minifyChunks() {
  return {
    name: "minify-chunks",
    renderChunk(code, chunk) {
      const ours = chunk.moduleIds.filter((id) => !id.startsWith("\0") && packageOf(id) === undefined);
      const isOurs = ours.length > 0;
      const keepNames = { function: false, class: isOurs };
      const compress = { keepNames };
      const mangle = { toplevel: true, keepNames };
      const result = minifySync(chunk.fileName, fewerExports(code), {
        module: true,
        compress,
        mangle,
        sourcemap: false,
      });
      if (result.errors.length > 0) throw new Error(`${chunk.fileName}: ${result.errors[0].message}`);
      // as a module, what nothing uses goes; that chunks are strict must then be said again
      return { code: result.code.replace(/^(#!.*\n)?/, '$1"use strict";'), map: null };
    },
  };
}

/**
 * Each file that is loaded costs a hundredth of `node -e 0`. All that `run` needs is in bin.js, and what reads a command line in
 * cli.js. The rest of `check` is two: the first one starts git, and the second, with the rules, is compiled while git runs. That
 * of the wizard is two, because `doctor` needs half of it.
 */
const chunkOf = new Map();
function fewFiles() {
  return {
    name: "few-files",
    buildEnd(error) {
      if (error) return;
      const reach = (entries, seen = new Set()) => {
        for (const id of entries) {
          if (seen.has(id) || id.startsWith("node:")) continue;
          seen.add(id);
          reach(this.getModuleInfo(id)?.importedIds ?? [], seen);
        }
        return seen;
      };
      const from = (...entries) => reach(entries.map((entry) => join(root, "src", entry)));
      const doctor = from("commands/doctor/index.ts");
      const own = ["init", "doctor"].map((name) => join(root, `src/commands/${name}/index.ts`));
      // what is also loaded alone stays alone
      const isAlone = (id) => !own.includes(id) && this.getModuleInfo(id)?.dynamicImporters.length > 0;
      const init = [...from("commands/init/index.ts")].filter((id) => !isAlone(id));
      const files = {
        bin: from("bin.ts"),
        cli: from("cli.ts"),
        check: from("commands/check/index.ts"),
        judge: from("commands/check/judge.ts", "commands/shared/below.ts"),
        setup: init.filter((id) => doctor.has(id)),
        init,
      };
      chunkOf.clear();
      // what several of them need is in the first
      for (const [chunk, ids] of Object.entries(files))
        for (const id of ids) if (!chunkOf.has(id)) chunkOf.set(id, chunk);
    },
  };
}

const absent = (what) => `throw new Error("${what} is not part of this program");`;

/** Modules that packages import and this program never gets to. What is called here all the same throws. */
const REPLACED = {
  jose: "",
  "pkce-challenge": `export default function absent() { ${absent("OAuth")} }`,
  "@modelcontextprotocol/client/_shims": `
    export const CORS_IS_POSSIBLE = false;
    export class DefaultJsonSchemaValidator { constructor() { throw new Error("hand the client a validator"); } }`,
  // the keys of JavaScript's syntax, for rules of ESLint
  "eslint-visitor-keys": "export const unionWith = (keys) => keys;",
  // execa's `preferLocal`, `verbose`, `all`, web streams
  "npm-run-path": `export function npmRunPathEnv() { ${absent("preferLocal")} }`,
  "pretty-ms": `export default function absent() { ${absent("verbose")} }`,
  "@sindresorhus/merge-streams": `export default function absent() { ${absent("all")} }`,
  "@sec-ant/readable-stream/ponyfill": `export function asyncIterator() { ${absent("a web stream")} }`,
  // what a signal means, for the message of an error, which we never print
  "human-signals": "export const signalsByName = new Proxy({}, { get: (_, name) => ({ description: name }) });",
};

const methods = (type, names) => names.split(" ").map((name) => `${type}.${name}`);
/**
 * Functions of packages that this program never calls: their bodies throw, and what only they use is not bundled. `*` is every
 * function of the file, "name => value" returns this value instead.
 */
const NEVER_CALLED = {
  // from schemas to JSON Schema, made ready with every schema
  "zod/v4/core/json-schema-processors.js": ["*"],
  "zod/v4/core/to-json-schema.js": ["*"],
  // values that contain themselves, which JSON has not; formats that no message has
  "zod/v4/classic/schemas.js": [
    "_ensureDefaultMemoizer => undefined",
    ...methods(
      "ZodString",
      "email jwt emoji guid uuid uuidv4 uuidv6 uuidv7 nanoid cuid cuid2 ulid base64 base64url xid",
    ),
    ...methods("ZodString", "ksuid ipv4 ipv6 cidrv4 cidrv6 e164 datetime date time duration"),
  ],
  // without `authProvider`: OAuth and DPoP
  "@modelcontextprotocol/client/dist/index.mjs": [
    "withDpopFromProvider",
    ...methods("StreamableHTTPClientTransport", "finishAuth resumeStream"),
    "StreamableHTTPClientTransport._stepUpAuthorizeInner => Promise.reject(new InsufficientScopeError({ requiredScope: challenge.scope }))",
    // our fetch answers every GET with 405, and throws at a redirect
    "StreamableHTTPClientTransport._startOrAuthSse => options.onRequestStreamEnd?.()",
    "StreamableHTTPClientTransport._redirects => baseFetch",
    "StreamableHTTPClientTransport._unfollowedRedirect => undefined",
  ],
  "@modelcontextprotocol/client/dist/public.mjs": [
    ...["auth", "adaptOAuthProvider", "resolveAuthorizationCallbackParams"],
    // over another transport, or with `prior` or `listChanged`
    ...["negotiateStdioViaSibling", "validatePrior"],
    ...methods("Client", "_connectFromPrior _setupListChangedHandlers _setupListChangedHandler listen"),
    // what is not asked for, and the cache of the answers; `callTool` lists tools if it gets no `toolDefinition`
    ...methods("Client", "assertCapabilityForMethod"),
    ...methods("Client", "discover complete setLoggingLevel getPrompt listPrompts listResources listResourceTemplates"),
    ...methods("Client", "readResource _readResource subscribeResource unsubscribeResource sendRootsListChanged"),
    ...methods(
      "Client",
      "listTools _excludeInvalidXMcpHeaderTools _listAllPages _walkPages _freshness _serveFromCache",
    ),
    ...methods(
      "ClientResponseCache",
      "captureGeneration write read _probe toolDefinition outputValidator _decodeListTools",
    ),
    // around the handlers of requests that we do not handle
    'Client._wrapHandler => method === "ping" ? handler : absent()',
  ],
  // with `autoFulfill`
  "@modelcontextprotocol/client/dist/src.mjs": [
    ...["runInputRequiredFlow", "inputSchemaMaps", "normalizeElicitInputParams"],
    // between two copies of the SDK
    ...[
      "stampErrorBrands => undefined",
      "brandedHasInstance => Function.prototype[Symbol.hasInstance].call(cls, value)",
    ],
    // of servers
    ...["wrapOutputSchemaForLegacy", "standardSchemaToJsonSchema", "buildInputRequired"],
    ...methods("rev2025Codec", "samplingResultVariant projectCallToolResult"),
    "rev2025Codec.encodeResult => result",
    ...methods("rev2026Codec", "projectCallToolResult validateEnvelopeMeta encodeResult checkInboundEnvelope"),
  ],
  // every way to call execa but `execa(file, arguments, options)`
  "execa/lib/methods/main-sync.js": ["*"],
  "execa/lib/methods/template.js": ["*", "isTemplateString => false"],
  "execa/lib/pipe/setup.js": ["*"],
  "execa/lib/stdio/native.js": ["handleNativeStreamSync"],
  "execa/lib/stdio/duplicate.js": ["validateDuplicateStreamSync"],
  // `verbose`: NODE_DEBUG=execa turns it on, and it prints whole command lines
  "execa/lib/verbose/values.js": ["*", "isVerbose => false", "isFullVerbose => false"],
  "execa/lib/verbose/info.js": ["*", "getVerboseInfo => {}"],
  "execa/lib/verbose/log.js": ["*"],
  "execa/lib/verbose/error.js": ["*"],
  // what the message of an error says of the command, which we never print
  "execa/lib/return/message.js": ["createMessages => {}"],
  // `ipc`
  "execa/lib/ipc/methods.js": ["getIpcExport => {}"],
  "execa/lib/ipc/send.js": ["*"],
  "execa/lib/ipc/get-one.js": ["*"],
  "execa/lib/ipc/get-each.js": ["*"],
  "execa/lib/ipc/graceful.js": ["*"],
  "execa/lib/verbose/ipc.js": ["*"],
  // a program as a stream; transforms, lines, output as bytes
  "execa/lib/convert/readable.js": ["*"],
  "execa/lib/convert/writable.js": ["*"],
  "execa/lib/convert/duplex.js": ["*"],
  "execa/lib/convert/iterable.js": ["*"],
  "execa/lib/transform/generator.js": ["*"],
  "execa/lib/transform/normalize.js": ["normalizeTransform"],
  "execa/lib/transform/split.js": ["initializeSplitLines", "getAppendNewlineGenerator"],
  "execa/lib/stdio/type.js": ["getTransformObjectType", "getTransformStreamType"],
  "get-stream/source/array-buffer.js": ["*"],
};

/** Statements of packages that keep what this program never uses: other text in their place. */
const REWRITTEN = {
  // a check for every type of the protocol, of which one is called; the last one is for OAuth
  // with `jitless`
  "zod/v4/classic/schemas.js": [["core.$ZodObjectJIT.init", "core.$ZodObject.init"]],
  "@modelcontextprotocol/client/dist/src.mjs": [
    [
      "for (const key of SPEC_SCHEMA_KEYS) register(key, schemas_exports[key]);",
      'register("ImplementationSchema", ImplementationSchema);',
    ],
    ["for (const [key, schema] of Object.entries(authSchemas)) register(key, schema);", ""],
    // the keys of forms
    ["...Object.keys(ElicitRequestFormParamsSchema.shape.requestedSchema.shape)", ""],
    ["StringSchemaSchema.shape.format.unwrap().options", ""],
    ["Object.assign(buildInputRequired, {", "({"],
  ],
};
/** The methods that are sent or handled here. For each of the others a client of MCP has a schema, which is made at every start. */
const METHODS = new Set(
  "ping initialize tools/list tools/call server/discover notifications/cancelled notifications/progress".split(" "),
);
/** The code without the schemas of other methods, and without those that then nothing refers to. */
function withoutSchemas(code, parse) {
  const makers = (text) =>
    parse(text).body.filter(({ id }) => /^(?:build|registryMaps|getWireResultSchemas)/.test(id?.name));
  const cut = (text, nodes) =>
    nodes
      .sort((a, b) => b.start - a.start)
      .reduce((left, { start, end }) => left.slice(0, start) + left.slice(end + Number(left[end] === ",")), text);
  const nameOf = ({ key }) => key?.value ?? key?.name;
  const objects = (node) => {
    if (node === null || typeof node !== "object") return [];
    return [...(node.type === "ObjectExpression" ? [node.properties] : []), ...Object.values(node).flatMap(objects)];
  };
  const isTable = (properties) => properties.some((each) => METHODS.has(nameOf(each)));
  const tables = objects(makers(code)).filter(isTable);
  let text = cut(
    code,
    tables.flat().filter((each) => !METHODS.has(nameOf(each))),
  );
  const read = new Set(text.match(/(?<=\.)\w+/g));
  const all = objects(makers(text)).filter((properties) => properties.length > 100);
  text = cut(
    text,
    all.flat().filter((each) => !read.has(nameOf(each))),
  );
  for (let before = ""; before !== text; ) {
    before = text;
    const dead = makers(text).flatMap(({ body, start, end }) => {
      const words = text.slice(start, end).match(/[\w$]+/g);
      const isDead = ({ type, declarations }) =>
        type === "VariableDeclaration" && words.filter((word) => word === declarations[0].id.name).length === 1;
      return body.body.filter(isDead);
    });
    text = cut(text, dead);
  }
  return text;
}
/** How two copies of the SDK know each other's errors. A class that does without can go. */
const BRAND = /\tstatic \{\n\t\tObject\.defineProperty\(this, "mcpBrand", .*\n\t\}\n/g;
function rewritten(file, code) {
  return (REWRITTEN[file] ?? []).reduce(
    (text, [old, now]) => {
      if (!text.includes(old)) throw new Error(`not in ${file}: ${old}`);
      return text.replaceAll(old, () => now);
    },
    code.replace(BRAND, ""),
  );
}

/** The code with other bodies for these functions, without the imports that nothing needs any more. */
function without(names, code, { body: statements }) {
  const wanted = new Map(names.map((name) => name.split(" => ")));
  const seen = new Set();
  const edits = [];
  const replace = (name, node) => {
    if (node?.type === "ParenthesizedExpression") return replace(name, node.expression);
    // a function that returns a function: the inner one
    if (node?.body?.type === "ArrowFunctionExpression") return replace(name, node.body);
    const key = wanted.has(name) || name.includes(".") ? name : "*";
    if (!wanted.has(key) || !/Function/.test(node?.type)) return;
    seen.add(key);
    // around an object as the body of an arrow function are parentheses
    const start = node.body.type === "BlockStatement" ? node.body.start : code.lastIndexOf("=>", node.body.start) + 2;
    edits.push([start, node.end, `{ return ${wanted.get(key) ?? "absent()"}; }`]);
  };
  const look = (name, node) => {
    // the methods of a class, of an object, and of one of zod's classes: `$constructor("Name", init, {…})`
    const members = /^Class/.test(node?.type)
      ? node.body.body
      : (node?.properties ?? node?.arguments?.flatMap((each) => each.properties ?? []));
    if (members === undefined) return replace(name, node);
    for (const { key, value } of members) replace(`${name}.${key?.name}`, value);
  };
  for (const statement of statements) {
    const node = statement.declaration ?? statement;
    if (node.id) look(node.id.name, node);
    for (const { id, init } of node.declarations ?? []) look(id.name ?? "", init);
  }
  const missing = [...wanted.keys()].filter((name) => !seen.has(name));
  if (missing.length > 0) throw new Error(`no such function: ${missing.join(", ")}`);
  const apply = (list) =>
    list
      .sort(([a], [b]) => b - a)
      .reduce((text, [start, end, now]) => text.slice(0, start) + now + text.slice(end), code);
  const imports = statements.filter(({ type }) => type === "ImportDeclaration");
  const remove = (list) => list.map(({ start, end }) => [start, end, ""]);
  const words = new Set(apply([...edits, ...remove(imports)]).match(/[\w$]+/g));
  const isDead = ({ specifiers }) => specifiers.length > 0 && !specifiers.some(({ local }) => words.has(local.name));
  const stop = '\nfunction absent() { throw new Error("not part of this program"); }\n';
  return apply([...edits, ...remove(imports.filter(isDead))]) + stop;
}
function withoutUnused() {
  const left = new Set();
  return {
    name: "without-unused",
    buildStart() {
      for (const name of [...Object.keys(REPLACED), ...Object.keys(NEVER_CALLED)]) left.add(name);
    },
    resolveId(id) {
      if (!left.delete(id) && !Object.hasOwn(REPLACED, id)) return null;
      return `\0unused:${id}`;
    },
    load: (id) => (id.startsWith("\0unused:") ? { code: REPLACED[id.slice(8)], moduleType: "js" } : null),
    transform(code, id) {
      // without the hash in the name of a chunk
      const file = id
        .replaceAll("\\", "/")
        .split("/node_modules/")
        .at(-1)
        .replace(/-[\w-]{8}\.mjs$/, ".mjs");
      if (!Object.hasOwn(NEVER_CALLED, file)) return null;
      left.delete(file);
      const text = rewritten(file, code);
      const rest = without(NEVER_CALLED[file], text, this.parse(text));
      return { code: /\/src\.mjs$/.test(file) ? withoutSchemas(rest, (each) => this.parse(each)) : rest, map: null };
    },
    buildEnd(error) {
      if (!error && left.size > 0) this.error(`no longer imported: ${[...left].join(", ")}`);
    },
  };
}

/** npm marks a bin as executable when it installs; a bin run from a checkout or an unpacked tarball is made so here. */
function executable() {
  return {
    name: "executable",
    renderChunk(code, chunk) {
      return chunk.isEntry && !code.startsWith("#!") ? { code: `#!/usr/bin/env node\n${code}`, map: null } : null;
    },
    writeBundle(options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type === "chunk" && chunk.isEntry) chmodSync(join(options.dir, chunk.fileName), 0o755);
      }
    },
  };
}

/** The pages of the rules without their examples: what reports link to. The pages as they are would be a tenth of the package. */
function rulePages() {
  const folder = join(root, "docs/rules");
  return {
    name: "rule-pages",
    generateBundle() {
      const pages = readdirSync(folder)
        .filter((name) => name.endsWith(".md") && name !== "README.md")
        .sort();
      const source = pages
        .map((name) =>
          readFileSync(join(folder, name), "utf8").replace(/^## (?:Wrong|Right)$[\s\S]*?(?=^## |$(?![\s\S]))/gm, ""),
        )
        .map((text) => text.trim().replace(/^(#+) /gm, "#$1 "));
      this.emitFile({ type: "asset", fileName: "rules.md", source: `# Rules of check\n\n${source.join("\n\n")}\n` });
    },
  };
}

/** The package is of type "module"; what is in dist/ is not. */
function folderType() {
  return {
    name: "folder-type",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "package.json", source: '{ "type": "commonjs" }\n' });
    },
  };
}

export default defineConfig({
  input: { bin: join(root, "src/bin.ts") },
  platform: "node",
  preserveEntrySignatures: "allow-extension",
  // A UMD `main` (jsonc-parser has one) bundles without a word and fails at run time.
  resolve: { mainFields: ["module", "main"] },
  // these say nothing of it. jsonc-parser: only its scanner is used, and the rest would make tables at every start of `check`.
  treeshake: {
    moduleSideEffects: [{ test: /[\\/](?:jsonc-parser|diff|@modelcontextprotocol[\\/]core)[\\/]/, sideEffects: false }],
    // execa's entry makes six functions; one of them is used
    manualPureFunctions: ["createExeca", "z", "shapeKeys"],
  },
  transform: {
    target: "node20.12",
    define: { __VERSION__: JSON.stringify(version) },
  },
  plugins: [withoutUnused(), bundledPackages(), fewFiles(), minifyChunks(), executable(), folderType(), rulePages()],
  // a warning fails the build: not one about the clock of a busy machine
  checks: { bundlerTimings: false },
  onLog(level, log, handler) {
    handler(level === "warn" ? "error" : level, log);
  },
  output: {
    dir: join(root, "dist"),
    cleanDir: true,
    // CommonJS starts earlier than ES modules do: on Node 20 an empty module that prints one word already takes 1.3 times
    // as long as `node -e 0`. It allows no top-level await in src/.
    format: "cjs",
    strict: true,
    // Flat and without hashes: `new URL("../templates/…", import.meta.url)` holds in every chunk, names are stable.
    entryFileNames: "[name].js",
    chunkFileNames: (chunk) => {
      const name = chunk.isDynamicEntry && chunk.facadeModuleId ? packageOf(chunk.facadeModuleId) : undefined;
      return name === undefined ? "[name].js" : `${listed[name].chunk}-import.js`;
    },
    minify: false,
    minifyInternalExports: true,
    generatedCode: { symbols: false },
    comments: { legal: false, annotation: true, jsdoc: false },
    codeSplitting: {
      groups: [
        { debugName: "own", name: (id) => chunkOf.get(id) ?? null, includeDependenciesRecursively: false },
        { debugName: "packages", name: (id) => listed[packageOf(id)]?.chunk ?? null, test: /[\\/]node_modules[\\/]/ },
      ],
    },
  },
});
