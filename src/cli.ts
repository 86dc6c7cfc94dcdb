import { parseArgs } from "node:util";
import { run } from "./commands/run/index.ts";
import { type Context, wantsJson } from "./context.ts";
import { nearest } from "./core/command-line.ts";
import { Cancelled, HaloError, UsageError } from "./errors.ts";
import { COMMANDS, type Command, EXIT_CODES, type Flag, GLOBAL_FLAGS, type RawOptions } from "./flags.ts";
import { columnsOf, wrap } from "./ui/wrap.ts";

const PAGES: Record<Command["name"], () => Promise<{ run(context: Context, options: RawOptions): Promise<number> }>> = {
  init: () => import("./commands/init/index.ts"),
  check: () => import("./commands/check/index.ts"),
  doctor: () => import("./commands/doctor/index.ts"),
  run: async () => ({ run }),
  rotate: () => import("./commands/rotate/index.ts"),
  remove: () => import("./commands/remove/index.ts"),
  guide: () => import("./commands/guide/index.ts"),
  clients: () => import("./commands/clients/index.ts"),
};

function flagWords({ name, short, arg, values, summary }: Flag): readonly [string, string] {
  const left = `  ${short === undefined ? "    " : `-${short}, `}--${name}${arg === undefined ? "" : ` <${arg}>`}`;
  return [left, summary.endsWith(":") ? `${summary} ${values?.join(" | ")}` : summary];
}

function help({ version, stdout }: Context, { name, summary, words, flags, notes, examples }: Command): string {
  const columns = columnsOf(stdout);
  const row = (left: string, right: string): string =>
    left.padEnd(30) + wrap(right, columns - 31).join(`\n${" ".repeat(30)}`);
  const variables = flags.flatMap(({ env }) => env ?? []).join(", ");
  const isFirst = name === "init";
  const title = isFirst ? ": connect AI clients to HALO's MCP server (CM.com)" : ` ${name}: ${summary}`;
  const last = variables === "" ? [] : [`Environment variables: ${variables}.`];
  return [
    ...wrap(`create-halo-mcp ${version}${title}`, columns - 1),
    "",
    ...wrap(
      `Usage: npx create-halo-mcp ${isFirst ? "[init]" : name}${words ? ` ${words}` : ""} [options]`,
      columns - 1,
    ),
    "",
    ...(isFirst ? ["Commands:", ...COMMANDS.map((each) => row(`  ${each.name}`, each.summary)), ""] : []),
    "Options (the first of several values is the default):",
    ...[...flags, ...GLOBAL_FLAGS].map((flag) => row(...flagWords(flag))),
    "",
    ...[...notes, ...last].flatMap((note) => wrap(note, columns - 2)),
    "",
    "Examples:",
    ...examples.map((example) => `  ${example}`),
    "",
    "Exit codes:",
    ...EXIT_CODES.flatMap((line) => wrap(`  ${line}`, columns - 1)),
  ].join("\n");
}

const helpOf = ({ name }: Command): string => `npx create-halo-mcp ${name === "init" ? "" : `${name} `}--help`;

/** Repeats a wrong word only if it looks like a command or option, and so is not a token or an ID. */
const repeated = (word: string, quote: (word: string) => string): string =>
  /^[a-z][a-z-]{0,13}$/.test(word) ? ` ${quote(word)}` : "";

function didYouMean(word: string, valid: readonly string[], before = ""): string {
  const near = nearest(word, valid);
  return near === undefined ? "" : `: did you mean ${before}${near}?`;
}

function commandOf(name: string): Command {
  const command = COMMANDS.find((each) => each.name === name);
  if (command !== undefined) return command;
  const names = COMMANDS.map((each) => each.name);
  const message = `unknown command${repeated(name, (word) => `"${word}"`)}${didYouMean(name, names)}`;
  const near = nearest(name, names);
  throw new UsageError(message, {
    hint: near === undefined ? "npx create-halo-mcp --help" : `npx create-halo-mcp ${near}`,
  });
}

function flagOf(name: string, flags: readonly Flag[], command: Command): Flag {
  const flag = flags.find((each) => each.name === name);
  if (flag !== undefined) return flag;
  const names = flags.map((each) => each.name);
  if (/(?:^|[-_])token$/i.test(name) || nearest(name, [...names, "token"]) === "token") {
    const why = "there is no --token option: every program on this machine could read it from the command line";
    throw new UsageError(why, { hint: "set HALO_MCP_TOKEN, or use --token-stdin or --token-file" });
  }
  const owners = COMMANDS.filter((each) => each.flags.some((flag) => flag.name === name)).map((each) => each.name);
  if (owners.length > 0)
    throw new UsageError(`--${name} belongs to ${owners.join(", ")}, not to ${command.name}`, {
      hint: helpOf(command),
    });
  const short = flags.find((each) => each.short?.toLowerCase() === name.toLowerCase());
  const near =
    short === undefined ? didYouMean(name, names, "--") : `: did you mean -${short.short} (--${short.name})?`;
  const dashes = name.length === 1 ? "-" : "--";
  const message = `unknown option${repeated(name, (word) => dashes + word)}${near}`;
  throw new UsageError(message, { hint: helpOf(command) });
}

/** A flag takes a list only if its placeholder says so; if it is given twice, the lists are joined. */
const takesList = ({ arg }: Flag): boolean => arg?.endsWith(",…") === true;

function checkValues(flag: Flag, text: string | undefined, origin: string): void {
  if (flag.values === undefined || text === undefined) return;
  for (const word of takesList(flag) ? text.split(",").map((each) => each.trim()) : [text])
    if (!flag.values.includes(word))
      throw new UsageError(`${origin} must be one of ${flag.values.join(", ")}${didYouMean(word, flag.values)}`);
}

type Parsed = { readonly command: Command; readonly options: RawOptions };

/** argv → the command and its options. Pure; throws UsageError and never repeats a value, which may be a secret. */
export function parse(argv: readonly string[], env: Context["env"]): Parsed {
  const [first = "-", ...rest] = argv;
  if (first === "help") return parse([...rest, "--help"], env);
  const isNamed = !first.startsWith("-");
  const command = commandOf(isNamed ? first : "init");
  const flags = [...command.flags, ...GLOBAL_FLAGS];
  const values: Record<string, string> = {};
  const switches = new Set<string>();
  const origins: Record<string, string> = {};
  const words: string[] = [];
  for (const token of tokensOf(isNamed ? rest : argv, flags)) {
    if (token.kind === "positional") {
      if (command.words === undefined)
        throw new UsageError(`${command.name} takes options only`, { hint: helpOf(command) });
      words.push(token.value);
    }
    if (token.kind !== "option") continue;
    const flag = flagOf(token.name, flags, command);
    const { name, arg } = flag;
    if (arg === undefined) {
      if (token.value !== undefined) throw new UsageError(`--${name} takes no value`);
      switches.add(name);
      continue;
    }
    if (token.value === undefined || token.value === "" || (!token.inlineValue && token.value.startsWith("--")))
      throw new UsageError(`--${name} needs a value: --${name} <${arg}>`);
    values[name] = takesList(flag) && values[name] !== undefined ? `${values[name]},${token.value}` : token.value;
  }
  for (const { name, arg, env: variable = "" } of flags) {
    const text = env[variable] ?? "";
    // IDs from the environment are cleaned first, like those from files
    if (text === "" || name === "account-id" || name === "profile-id") continue;
    if (arg === undefined && /^(?:1|true|yes|y|on)$/i.test(text)) switches.add(name);
    if (arg === undefined || values[name] !== undefined) continue;
    values[name] = text;
    origins[name] = variable;
  }
  for (const flag of flags) checkValues(flag, values[flag.name], origins[flag.name] ?? `--${flag.name}`);
  return { command, options: { values, switches, words, origins } };
}

function tokensOf(args: readonly string[], flags: readonly Flag[]) {
  const options = flags.map(({ name, arg, short }) => {
    const type: "boolean" | "string" = arg === undefined ? "boolean" : "string";
    return [name, { type, ...(short === undefined ? {} : { short }) }] as const;
  });
  const config = { options: Object.fromEntries(options), strict: false, allowPositionals: true } as const;
  return parseArgs({ args: [...args], ...config, tokens: true }).tokens;
}

/** The only error boundary: what went wrong, then the next command to type. Returns the exit code. */
export async function report(context: Context, thrown: unknown, argv: readonly string[]): Promise<number> {
  // not at every start
  const [{ createOutput }, { printable }] = [await import("./ui/output.ts"), await import("./core/secrets.ts")];
  const output = createOutput(context);
  // masked before it is cut: half a secret would not be recognised
  const { code, message, hint, exitCode } = known(context, thrown, (text) => printable(output.clean(text)));
  if (wantsJson(argv)) {
    const shown = { message: output.clean(message), hint: hint === undefined ? null : output.clean(hint) };
    output.json({ version: 1, ok: false, error: { code, ...shown } });
  } else {
    const text = code === "cancelled" ? message : `create-halo-mcp: ${message}`;
    const more = hint === undefined ? [] : hint.split("\n").map((line) => `  ${line}`);
    const hints = code === "missing-input" && /^(?:\w+=\S+ )?npx /.test(hint ?? "") ? ["Run:", ...more] : more;
    output.say([...text.split("\n"), ...hints].flatMap((line) => wrap(line, columnsOf(context.stderr) - 2)).join("\n"));
  }
  if (argv.includes("--debug") && thrown instanceof Error) output.say(thrown.stack ?? "");
  return exitCode;
}

/** Whatever was thrown, as an error with a sentence for a person. */
function known(context: Context, thrown: unknown, clean: (text: string) => string): HaloError {
  if (thrown instanceof HaloError) return thrown;
  if (context.signal.aborted) return new Cancelled();
  const message = clean(thrown instanceof Error ? thrown.message : String(thrown));
  const hint = "run it again with --debug and send us the output";
  return new HaloError(3, "unexpected", `unexpected error: ${message}`, { hint });
}

/** Runs one command line. In: the context and the words after the program's name. Out: the exit code. */
export async function main(context: Context, argv: readonly string[]): Promise<number> {
  try {
    const { command, options } = parse(argv, context.env);
    const { switches } = options;
    if (!switches.has("help") && !switches.has("version")) {
      const page = await PAGES[command.name]();
      return await page.run(context, options);
    }
    context.print(`${switches.has("help") ? help(context, command) : context.version}\n`);
    return 0;
  } catch (error) {
    return await report(context, error, argv);
  }
}
