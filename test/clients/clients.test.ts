/**
 * The real programs of clients against a stand-in server: set up by the packed wizard, do they deliver the three headers,
 * do they, our `doctor` and the server tell the same; and what do they send where a value is missing, stale or unusual? Our
 * word there is that of the descriptor.
 */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import type { HeaderValue } from "../../src/core/clients/entry.ts";
import type { Client, ClientScope } from "../../src/core/clients/model.ts";
import { formatDotenvValue } from "../../src/core/formats/dotenv.ts";
import { HEADERS, VALUES, type Value, variablesFor } from "../../src/core/halo.ts";
import { ACCOUNT, PROFILE, TOKEN } from "../e2e/support.ts";
import { type StandInRequest, startStandIn } from "../servers/stand-in.mjs";
import { type Environment, mkRepo, type ScratchHome, scratchHome } from "../support/home.ts";
import { inTurns } from "../support/turns.ts";
import {
  clientOf,
  configure,
  DRIVERS,
  type Driver,
  ours,
  pathOf,
  putServers,
  type Server,
  through,
  versionOf,
} from "./drivers.ts";
import { endAll } from "./programs.ts";

const RIGHT: Readonly<Record<Value, string>> = { token: TOKEN, account: ACCOUNT, profile: PROFILE };
const WRONG = { ...RIGHT, token: "made.up.of-another-profile-k3Wz" };
const NAMES = variablesFor("halo");

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
  /** Several servers, not by the wizard: signs of values that it refuses, and what it never writes. */
  readonly servers?: (url: string) => Readonly<Record<string, Server>>;
  /** What the wizard is given. */
  readonly values?: Readonly<Record<Value, string>>;
  /** It tests the connection. */
  readonly isTested?: boolean;
  /** The program is started through our `run`. */
  readonly isRun?: boolean;
  /** The variables that are exported when it is started. */
  readonly env?: Environment;
  /** Files besides the configuration, in the spelling of a descriptor. */
  readonly files?: Readonly<Record<string, string>>;
  readonly isTrusted?: boolean;
  /** The server answers nobody. */
  readonly isDown?: boolean;
  /** It answers everybody. */
  readonly isOpen?: boolean;
  /** `doctor` is asked, after the program. */
  readonly isExamined?: boolean;
  /** What ends a program that does not end itself. */
  readonly isDone?: (heard: readonly StandInRequest[]) => boolean;
}

interface Outcome {
  readonly heard: readonly StandInRequest[];
  readonly said: string;
  /** What `doctor --json` says. */
  readonly ours: { readonly ok?: boolean; readonly cause?: string | null };
}

/** Programs that run at once: each takes about a processor. */
const inTurn = inTurns(2);

/** Sets a program up and runs it once, on a machine of its own. */
async function run(driver: Driver, setup: Setup): Promise<Outcome> {
  const { scope, servers, values = RIGHT, files = {}, env = {}, isTrusted = true } = setup;
  const { token, account: accountId, profile: profileId } = RIGHT;
  const server = await startStandIn({ token, accountId, profileId, auth: setup.isOpen ? "none" : "first" });
  const machine: ScratchHome = scratchHome();
  try {
    if (setup.isDown) await server.close();
    const { path: project } = mkRepo(machine);
    const { url } = server;
    const client = clientOf(driver);
    if (servers !== undefined && client !== undefined) putServers(client, machine, project, scope, servers(url));
    else {
      const wish = { scope, url, env: environmentOf(values), isTested: setup.isTested ?? false };
      const wizard = await inTurn(() => configure(driver, machine, project, wish));
      expect(wizard.code, wizard.stdout + wizard.stderr).toBe(0);
    }
    for (const [path, text] of Object.entries(files)) put(pathOf(path, machine.home, project), text);
    server.requests.length = 0;
    const place = setup.isRun ? { ...machine, through: through() } : machine;
    const isDone = () => setup.isDone?.(server.requests) ?? false;
    const said = await inTurn(() => driver.ask(place, [project], { env, isTrusted, isDone }));
    endAll(machine);
    const heard = [...server.requests];
    const about = ["doctor", "--client", client?.id ?? "", "--json", "--url", url];
    const doctor = setup.isExamined ? await inTurn(() => ours(about, project, machine.env)) : undefined;
    if (doctor !== undefined) expect(doctor.stdout + doctor.stderr).not.toContain(values.token);
    return { heard, said: said.join("\n"), ours: doctor === undefined ? {} : JSON.parse(doctor.stdout) };
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

/** Each state, and what our `doctor`, the program and the server have to say of it. */
const STATES = [
  { state: "right token", values: RIGHT, cause: null, saw: "a session with these values" },
  { state: "wrong token", values: WRONG, cause: "unauthorized", saw: "a refused request with these values" },
  { state: "server down", values: RIGHT, cause: "refused", saw: "nothing" },
] as const;
const figures = { delivered: 0, tried: 0, agreed: 0, states: 0, silent: 0 };
const table: string[] = [];

function sawBy(heard: readonly StandInRequest[], values: Readonly<Record<Value, string>>): string {
  if (heard.length === 0) return "nothing";
  const isSession = heard.some(({ rpc }) => rpc === "tools/list" || rpc === "notifications/initialized");
  return `a ${isSession ? "session" : "refused request"} with ${arrived(heard, values) ? "these" : "other"} values`;
}

describe.concurrent.each(DRIVERS.map((driver) => [`${driver.program} ${versionOf(driver)}`, driver] as const))(
  "%s",
  (program, driver) => {
    test.each(driver.scopes.flatMap((scope) => STATES.map((state) => [scope, state.state, state] as const)))(
      "%s scope, %s",
      async (scope, _, { state, values, cause, saw }) => {
        const isRight = state === "right token";
        const isExamined = clientOf(driver) !== undefined;
        const { heard, said, ours } = await run(driver, {
          scope,
          values,
          isTested: isRight,
          isRun: scope === "project",
          isExamined,
          isDown: state === "server down",
          isDone: (requests) => requests.some(({ rpc }) => rpc === "tools/list"),
        });
        const isConnected = driver.connected?.test(said) ?? false;
        const hasFailed = driver.failed?.test(said) ?? false;
        const theirs = isConnected && !hasFailed ? "connected" : hasFailed && !isConnected ? "failed" : "nothing";
        const isSilent = driver.connected === undefined && theirs === "nothing";
        const seen = {
          ours: isExamined ? { ok: ours.ok, cause: ours.cause } : undefined,
          theirs: isSilent ? undefined : theirs,
          saw: sawBy(heard, values),
        };
        const expected = {
          ours: isExamined ? { ok: isRight, cause } : undefined,
          theirs: isSilent ? undefined : isRight ? "connected" : "failed",
          saw,
        };
        if (isRight) figures.tried += 1;
        if (isRight && seen.saw === saw) figures.delivered += 1;
        figures.states += 1;
        if (isSilent) figures.silent += 1;
        if (isDeepStrictEqual(seen, expected)) figures.agreed += 1;
        else table.push(`${program}: ${scope} scope, ${state}: ${JSON.stringify(seen)}`);
        expect(seen, said.slice(-3000)).toEqual(expected);
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
/** Clients with a descriptor; what the others do is their own business. */
const known = DRIVERS.flatMap((driver) => {
  const client = clientOf(driver);
  return client !== undefined && driver.isGuest !== true ? [[driver.program, driver, client] as const] : [];
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
    const machine = scratchHome();
    try {
      const { path: project } = mkRepo(machine);
      const env = environmentOf({ ...RIGHT, token: signed(sign) });
      const wish = { scope, url: "http://127.0.0.1:9/mcp", env, isTested: false };
      const refusal = await configure(driver, machine, project, wish);
      expect(refusal.code, refusal.stdout + refusal.stderr).toBe(sign === "${HOME}" ? 2 : 1);
      expect(readdirSync(project)).toEqual([".git"]);
    } finally {
      machine.dispose();
    }
  });

  if (!driver.scopes.includes("project")) return;
  const inProject = (setup: Partial<Setup>) =>
    run(driver, { scope: "project", isOpen: true, isDone: (requests) => firstOf(requests) !== undefined, ...setup });
  const own = client.reads.filter((file) => DOTENV.test(file));

  test.each([...new Set([".env", ...own])])("values in %s alone", async (file) => {
    const files = { ".env": "", [file]: inFile(environmentOf(RIGHT)) };
    const { heard } = await inProject({ files });
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
    expect(wins).toBe(client.storeWins && file === client.store ? "file" : "exported");
  });

  test("a folder that is not trusted", async () => {
    const { heard } = await inProject({ env: environmentOf(RIGHT), isTrusted: false });
    note("not trusted", { sent: heard.length > 0 });
    expect(heard.length > 0).toBe(driver.isGated !== true);
  });
});

test.concurrent.each(
  DRIVERS.filter(({ guide }) => guide?.startsWith("agent-")).map((driver) => [driver.program, driver] as const),
)("%s stops on a variable that is not set", async (_, driver) => {
  const { heard, said } = await run(driver, {
    scope: "project",
    values: { ...RIGHT, token: "" },
    isRun: true,
    isOpen: true,
  });
  expect({ heard: heard.length, said }).toEqual({
    heard: 0,
    said: expect.stringContaining(`Not set: ${NAMES.token}.`),
  });
});

afterAll(() => {
  const versions = DRIVERS.map((driver) => `${driver.program} ${versionOf(driver)}`).join(", ");
  const { delivered, tried, agreed, states, silent } = figures;
  process.stdout.write(
    `\nprograms: ${versions}\nour wizard wrote, the program delivered ${delivered} / tried ${tried}\nour doctor, the program and what the server saw agree in ${agreed} of ${states} states (in ${silent} the program says nothing)\n${table.join("\n")}\n`,
  );
});
