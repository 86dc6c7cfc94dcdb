/**
 * The real programs of clients against a stand-in server: given the configuration that we write, do they deliver the three
 * headers, and what do they send where a value is missing, stale or unusual? Our word is that of the descriptor.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { HeaderValue } from "../../src/core/clients/entry.ts";
import type { Client, ClientScope } from "../../src/core/clients/model.ts";
import { formatDotenvValue } from "../../src/core/formats/dotenv.ts";
import { HEADERS, VALUES, type Value, variablesFor } from "../../src/core/halo.ts";
import { ACCOUNT, PROFILE, TOKEN } from "../e2e/support.ts";
import { type StandInRequest, startStandIn } from "../servers/stand-in.mjs";
import { type Environment, mkRepo, type ScratchHome, scratchHome } from "../support/home.ts";
import { inTurns } from "../support/turns.ts";
import { clientOf, configure, DRIVERS, type Driver, pathOf, type Server, versionOf } from "./drivers.ts";
import { endAll } from "./programs.ts";

const RIGHT: Readonly<Record<Value, string>> = { token: TOKEN, account: ACCOUNT, profile: PROFILE };
const WRONG = { ...RIGHT, token: "made.up.of-another-profile-k3Wz" };
const NAMES = variablesFor("halo");
const REFERRING = { token: { env: NAMES.token }, account: { env: NAMES.account }, profile: { env: NAMES.profile } };

const environmentOf = (values: Readonly<Record<Value, string>>): Environment =>
  Object.fromEntries(VALUES.map((value) => [NAMES[value], values[value]]));
const inFile = (env: Environment): string =>
  Object.entries(env)
    .map(([name, value]) => `${name}=${formatDotenvValue(value)}\n`)
    .join("");

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

interface Setup {
  readonly scope: ClientScope;
  readonly servers: (url: string) => Readonly<Record<string, Server>>;
  readonly env: Environment;
  /** Files besides the configuration, in the spelling of a descriptor. */
  readonly files?: Readonly<Record<string, string>>;
  readonly isTrusted?: boolean;
  /** The server answers nobody. */
  readonly isDown?: boolean;
  /** It answers everybody. */
  readonly isOpen?: boolean;
  /** What ends a program that does not end itself. */
  readonly isDone?: (heard: readonly StandInRequest[]) => boolean;
}

/** Programs that run at once: each takes about a processor. */
const inTurn = inTurns(2);

/** Runs a program once, on a machine of its own. */
async function run(driver: Driver, setup: Setup): Promise<{ heard: readonly StandInRequest[]; said: string }> {
  const { token, account: accountId, profile: profileId } = RIGHT;
  const server = await startStandIn({ token, accountId, profileId, auth: setup.isOpen ? "none" : "first" });
  const machine: ScratchHome = scratchHome();
  try {
    if (setup.isDown) await server.close();
    const { path: project } = mkRepo(machine);
    configure(driver, machine, project, setup.scope, setup.servers(server.url));
    for (const [path, text] of Object.entries(setup.files ?? {})) put(pathOf(path, machine.home, project), text);
    const said = await inTurn(() =>
      driver.ask(machine, [project], {
        env: setup.env,
        isTrusted: setup.isTrusted ?? true,
        isDone: () => setup.isDone?.(server.requests) ?? false,
      }),
    );
    return { heard: server.requests, said: said.join("\n") };
  } finally {
    endAll(machine);
    if (!setup.isDown) await server.close();
    machine.dispose();
  }
}

const headerOf = (request: StandInRequest | undefined, value: Value) => request?.headers[HEADERS[value].toLowerCase()];

/** The first request of a connection to this path. */
const firstOf = (heard: readonly StandInRequest[], path = "/halo/core/mcp") =>
  heard.find((request) => request.method === "POST" && request.path === path);

const arrived = (heard: readonly StandInRequest[], values: Readonly<Record<Value, string>>): boolean =>
  VALUES.every((value) => headerOf(firstOf(heard), value) === values[value]);

const STATES = ["right token", "wrong token", "server down"] as const;
const figures = { delivered: 0, tried: 0, agreed: 0, silent: 0 };
const table: string[] = [];

/** Where a person's values are: in variables; in the private file of the client; or in the entry, which is private too. */
function held(driver: Driver, scope: ClientScope, values: Readonly<Record<Value, string>>) {
  const { store } = clientOf(driver) ?? {};
  const env = environmentOf(values);
  if (scope === "project") return { written: REFERRING, env, files: {} };
  if (store !== undefined) return { written: REFERRING, env: {}, files: { [store]: inFile(env) } };
  const [token, account, profile] = VALUES.map((value): HeaderValue => ({ literal: values[value] }));
  if (!token || !account || !profile) throw new Error("three values");
  return { written: { token, account, profile }, env: {}, files: {} };
}

describe.concurrent.each(DRIVERS.map((driver) => [`${driver.program} ${versionOf(driver)}`, driver] as const))(
  "%s",
  (_, driver) => {
    test.each(driver.scopes.flatMap((scope) => STATES.map((state) => [scope, state] as const)))(
      "%s scope, %s",
      async (scope, state) => {
        const values = state === "wrong token" ? WRONG : RIGHT;
        const { written, env, files } = held(driver, scope, values);
        const { heard, said } = await run(driver, {
          scope,
          env,
          files,
          servers: (url) => ({ halo: { url, values: written } }),
          isDown: state === "server down",
          isDone: (requests) => requests.some(({ rpc }) => rpc === "tools/list"),
        });
        const isDelivered = state === "server down" ? heard.length === 0 : arrived(heard, values);
        const isConnected = driver.connected?.test(said) ?? false;
        const hasFailed = driver.failed?.test(said) ?? false;
        if (state === "right token") {
          figures.tried += 1;
          if (isDelivered) figures.delivered += 1;
        }
        if (!isConnected && !hasFailed) figures.silent += 1;
        else if (isConnected === (state === "right token") && isConnected !== hasFailed) figures.agreed += 1;
        const mayBeSilent = driver.connected === undefined;
        expect({ isDelivered, isConnected, hasFailed }, said.slice(-3000)).toEqual({
          isDelivered: true,
          isConnected: !mayBeSilent && state === "right token",
          hasFailed: mayBeSilent ? hasFailed && state !== "right token" : state !== "right token",
        });
      },
    );
  },
);

/** Signs that mean something to one client or another, each in a token of its own. */
const SIGNS = ["$HOME", "${HOME}", "{env:HOME}", '"', "\\", "#", "%", "'"];
const signed = (sign: string): string => `made.up${sign}.h4Qz`;

/** What became of a token. */
type Fate = "nothing" | "absent" | "empty" | "right" | "literal" | "other";
function fateOf(request: StandInRequest | undefined, value: Value, meant: string, reference: string): Fate {
  const got = headerOf(request, value);
  if (request === undefined || got === undefined) return request === undefined ? "nothing" : "absent";
  return got === "" ? "empty" : got === meant ? "right" : got === reference ? "literal" : "other";
}

/** Several servers in one file: one a sign; and one with a variable that nobody sets, where the file has references. */
const kindOf = ({ store }: Client, scope: ClientScope) =>
  scope === "project" || store !== undefined ? "reference" : "literal";

async function fatesOf(
  driver: Driver,
  client: Client,
  scope: ClientScope,
  signs: readonly string[],
  hasUnset: boolean,
) {
  const isStored = kindOf(client, scope) === "reference";
  const variables = Object.fromEntries(signs.map((sign, index) => [`HALO_${index}_TOKEN`, signed(sign)]));
  const env = { ...environmentOf(RIGHT), ...variables };
  const rows = [...signs.keys(), ...(isStored && hasUnset ? ["none"] : [])].map((key) => ({
    path: `/halo/core/mcp/${key}`,
    sign: signs[Number(key)] ?? "unset",
    meant: signed(signs[Number(key)] ?? ""),
    variable: `HALO_${key}_TOKEN`,
  }));
  const here = (value: Value): HeaderValue => (isStored ? { env: NAMES[value] } : { literal: RIGHT[value] });
  const { heard, said } = await run(driver, {
    scope,
    env: scope === "project" ? env : {},
    files: scope === "user" && client.store !== undefined ? { [client.store]: inFile(env) } : {},
    servers: (url) =>
      Object.fromEntries(
        rows.map(({ path, meant, variable }) => {
          const token = isStored ? { env: variable } : { literal: meant };
          const values = { token, account: here("account"), profile: here("profile") };
          return [path.replace(/^.*\//, "halo-"), { url: new URL(path, url).href, values }];
        }),
      ),
    isOpen: true,
    isDone: (requests) => rows.every(({ path }) => firstOf(requests, path)),
  });
  const fates = rows.map(({ path, sign, meant, variable }) => {
    const reference = client.references.spell?.(variable) ?? "";
    return [sign, fateOf(firstOf(heard, path), "token", meant, reference)] as const;
  });
  return { said, fates: Object.fromEntries(fates) };
}

const DOTENV = /\.env$/;
/** Clients with a descriptor; what the others do is their own affair. */
const known = DRIVERS.flatMap((driver) => {
  const client = clientOf(driver);
  return client !== undefined && client.unset !== "unknown" ? [[driver.program, driver, client] as const] : [];
});
const unsetFate = ({ unset }: Client): Fate => (unset === "unknown" ? "other" : unset);

describe.concurrent.each(known)("%s", (program, driver, client) => {
  const isSpoiled = (scope: ClientScope, sign: string) =>
    client.spoils?.[kindOf(client, scope)]?.test(signed(sign)) ?? false;
  const note = (what: string, fates: object) => table.push(`${program}: ${what}: ${JSON.stringify(fates)}`);

  test.each(driver.scopes)("%s scope: unset, and signs in a token", async (scope) => {
    // a file of variables is only written with a value that every reader of such files reads the same way
    const isWritable = (sign: string) => formatDotenvValue(signed(sign)) !== undefined;
    const isFile = scope === "user" && client.store !== undefined;
    const kept = SIGNS.filter((sign) => !isSpoiled(scope, sign) && (!isFile || isWritable(sign)));
    const { fates, said } = await fatesOf(driver, client, scope, kept, true);
    note(`${scope} scope`, fates);
    const expected = Object.fromEntries(kept.map((sign) => [sign, "right"]));
    const hasUnset = kindOf(client, scope) === "reference";
    expect(fates, said.slice(-3000)).toEqual({ ...expected, ...(hasUnset && { unset: unsetFate(client) }) });
  });

  const spoiled = driver.scopes.flatMap((scope) =>
    SIGNS.filter((sign) => isSpoiled(scope, sign)).map((sign) => [scope, sign] as const),
  );
  test.each(spoiled)("%s scope: a token with %s is not sent as it is", async (scope, sign) => {
    const { fates } = await fatesOf(driver, client, scope, [sign], false);
    note(`${scope} scope, spoiled`, fates);
    expect(fates[sign]).not.toBe("right");
  });

  if (!driver.scopes.includes("project")) return;
  const inProject = (setup: Partial<Setup>) =>
    run(driver, {
      scope: "project",
      env: {},
      servers: (url) => ({ halo: { url, values: REFERRING } }),
      isOpen: true,
      isDone: (requests) => firstOf(requests) !== undefined,
      ...setup,
    });
  const own = client.reads.filter((file) => DOTENV.test(file));

  test.each([...new Set([".env", ...own])])("values in %s alone", async (file) => {
    const { heard } = await inProject({ files: { [file]: inFile(environmentOf(RIGHT)) } });
    const fates = Object.fromEntries(
      VALUES.map((value) => [
        NAMES[value],
        fateOf(firstOf(heard), value, RIGHT[value], client.references.spell?.(NAMES[value]) ?? ""),
      ]),
    );
    note(`in ${file}`, fates);
    const expected = VALUES.map((value): [string, Fate] => {
      if (!own.includes(file)) return [NAMES[value], unsetFate(client)];
      return [NAMES[value], client.blanks?.test(NAMES[value]) ? "empty" : "right"];
    });
    expect(fates).toEqual(Object.fromEntries(expected));
  });

  test.each(own)("an old value that is exported, and the right one in %s", async (file) => {
    const { heard } = await inProject({ env: environmentOf(WRONG), files: { [file]: inFile(environmentOf(RIGHT)) } });
    const wins = arrived(heard, WRONG) ? "exported" : headerOf(firstOf(heard), "token") === TOKEN ? "file" : "neither";
    note(`exported and in ${file}`, { wins });
    expect(wins).toBe(driver.doesFileWin ? "file" : "exported");
  });

  test("a folder that is not trusted", async () => {
    const { heard } = await inProject({ env: environmentOf(RIGHT), isTrusted: false });
    note("not trusted", { sent: heard.length > 0 });
    expect(heard.length > 0).toBe(driver.isGated !== true);
  });
});

test.concurrent.each(
  DRIVERS.filter(({ agent }) => agent !== undefined).map((driver) => [driver.program, driver] as const),
)("%s stops on a variable that is not set", async (_, driver) => {
  const { [NAMES.token]: _token, ...env } = environmentOf(RIGHT);
  const servers = (url: string) => ({ halo: { url, values: REFERRING } });
  const { heard, said } = await run(driver, { scope: "project", env, servers, isOpen: true });
  expect({ heard: heard.length, said }).toEqual({
    heard: 0,
    said: expect.stringContaining(`${NAMES.token} is not set`),
  });
});

afterAll(() => {
  const versions = DRIVERS.map((driver) => `${driver.program} ${versionOf(driver)}`).join(", ");
  const { delivered, tried, agreed, silent } = figures;
  process.stdout.write(
    `\nprograms: ${versions}\ndelivered ${delivered} / tried ${tried}; the program's word is right in ${agreed} states, it has none in ${silent}\n${table.join("\n")}\n`,
  );
});
