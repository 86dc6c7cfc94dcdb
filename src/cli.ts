import { parseArgs } from "node:util";
import type { Context } from "./context.ts";
import { nearest } from "./core/command-line.ts";
import { mask, printable, printableLines } from "./core/secrets.ts";
import { Cancelled, HaloError, UsageError } from "./errors.ts";
import { CHECK_FLAGS, DOCTOR_FLAGS, type Flag, GLOBAL_FLAGS, INIT_FLAGS, type RawOptions } from "./flags.ts";
import { wrap } from "./ui/wrap.ts";

interface CommandModule {
  run(context: Context, options: RawOptions): Promise<number>;
}

interface Command {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  readonly examples: readonly string[];
  /** What it takes beside its options, for the help. */
  readonly words?: string;
  /** Prints through `context.print` alone: the streams, which cost a part of the start, are not made for it. */
  readonly isQuick?: boolean;
  readonly notes: readonly string[];
  readonly load: () => Promise<CommandModule>;
}

const COMMANDS: readonly Command[] = [
  {
    name: "init",
    summary: "connect this repository, or only you (default)",
    flags: INIT_FLAGS,
    examples: [
      "npx create-halo-mcp",
      "npx create-halo-mcp --scope user",
      "HALO_MCP_TOKEN=… npx create-halo-mcp --yes --account-id <id> --profile-id <id>",
      "npx create-halo-mcp --yes --token-stdin --studio-url '<url>' < token.txt",
      "npx create-halo-mcp --dry-run",
    ],
    notes: ["The token is never an option: HALO_MCP_TOKEN, a masked prompt, --token-stdin or --token-file."],
    load: async () => await import("./commands/init/index.ts"),
  },
  {
    name: "check",
    summary: "validate the MCP configuration of a repository, offline",
    flags: CHECK_FLAGS,
    examples: [
      "npx create-halo-mcp check",
      "npx create-halo-mcp check .mcp.json packages/shop",
      "npx create-halo-mcp check --fix --dry-run",
      "npx create-halo-mcp check --format sarif --max-warnings 0 > halo.sarif",
    ],
    words: "[path…]",
    isQuick: true,
    notes: ["Reads only, unless --fix is given; no network. Under GitHub Actions the format is github."],
    load: async () => await import("./commands/check/index.ts"),
  },
  {
    name: "doctor",
    summary: "find out why a connection does not work, link by link",
    flags: DOCTOR_FLAGS,
    examples: [
      "npx create-halo-mcp doctor",
      "npx create-halo-mcp doctor --report halo-report.md",
      "npx create-halo-mcp doctor --token-file new-token.txt",
      `npx create-halo-mcp doctor --call <tool> --args '{"question":"…"}'`,
    ],
    notes: [
      "Writes nothing, except the file of --report. The token goes to HALO's own endpoint alone, or to the one of --url.",
    ],
    load: async () => await import("./commands/doctor/index.ts"),
  },
];

const EXIT_CODES = [
  "0    done, clean, or already set up",
  "1    findings, a refused file, a failed connection",
  "2    usage, or input is missing and nobody can be asked",
  "3    could not run: permissions, disk, no such program",
  "130  cancelled, nothing changed",
];

function flagLine(flag: Flag): string {
  const left = `  ${flag.short === undefined ? "    " : `-${flag.short}, `}--${flag.name}${flag.arg === undefined ? "" : ` <${flag.arg}>`}`;
  const summary = flag.values === undefined ? flag.summary : `${flag.values.join(" | ")}`;
  return `${left.padEnd(30)}${summary}`;
}

function help(context: Context, command: Command): string {
  return [
    `create-halo-mcp ${context.version}: connect AI clients to HALO's MCP server (CM.com)`,
    "",
    `Usage: npx create-halo-mcp ${command.name === "init" ? "[init]" : command.name}${command.words === undefined ? "" : ` ${command.words}`} [options]`,
    "",
    "Commands:",
    ...COMMANDS.map(({ name, summary }) => `  ${name.padEnd(28)}${summary}`),
    "",
    "Options (of several words the first is the default):",
    ...command.flags.map(flagLine),
    ...GLOBAL_FLAGS.map(flagLine),
    "",
    ...command.notes.flatMap((note) => wrap(note, 78)),
    ...wrap(`Variables for the rest: ${command.flags.flatMap(({ env }) => env ?? []).join(", ")}.`, 78),
    "",
    "Examples:",
    ...command.examples.map((example) => `  ${example}`),
    "",
    "Exit codes:",
    ...EXIT_CODES.map((line) => `  ${line}`),
  ].join("\n");
}

/** A word that can be repeated: nothing of its form is a token or an ID. */
function isWord(text: string): boolean {
  return /^[a-z][a-z-]{0,13}$/.test(text);
}

interface Parsed {
  readonly command: Command;
  readonly options: RawOptions;
}

/** argv → the command and its options. Pure; throws UsageError and never repeats a value, which may be a secret. */
export function parse(argv: readonly string[], env: Context["env"]): Parsed {
  const first = argv[0] !== undefined && !argv[0].startsWith("-") ? argv[0] : undefined;
  if (first === "help") return parse([...argv.slice(1), "--help"], env);
  const named = first;
  const command = COMMANDS.find(({ name }) => name === (named ?? "init"));
  if (command === undefined) {
    const near = nearest(
      named ?? "",
      COMMANDS.map(({ name }) => name),
    );
    const shown = named !== undefined && isWord(named) ? ` "${named}"` : "";
    throw new UsageError(`unknown command${shown}${near === undefined ? "" : `: did you mean ${near}?`}`, {
      hint: "npx create-halo-mcp --help",
    });
  }
  const flags = [...command.flags, ...GLOBAL_FLAGS];
  const { tokens } = parseArgs({
    args: [...(named === undefined ? argv : argv.slice(1))],
    options: Object.fromEntries(
      flags.map((flag) => [
        flag.name,
        {
          type: flag.arg === undefined ? ("boolean" as const) : ("string" as const),
          ...(flag.short === undefined ? {} : { short: flag.short }),
        },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, string> = {};
  const switches = new Set<string>();
  const origins: Record<string, string> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional" && command.words !== undefined) {
      words.push(token.value);
      continue;
    }
    if (token.kind === "positional") {
      throw new UsageError(`${command.name} takes no argument beside its options`, { hint: helpOf(command) });
    }
    if (token.kind !== "option") continue;
    const flag = flags.find(({ name }) => name === token.name);
    if (flag === undefined) throw unknownFlag(token.name, flags, command);
    if (flag.arg === undefined) {
      if (token.value !== undefined) throw new UsageError(`--${flag.name} takes no value`);
      switches.add(flag.name);
      continue;
    }
    if (token.value === undefined || token.value === "" || (!token.inlineValue && token.value.startsWith("--"))) {
      throw new UsageError(`--${flag.name} needs a value: --${flag.name} <${flag.arg}>`);
    }
    const before = values[flag.name];
    values[flag.name] = takesList(flag) && before !== undefined ? `${before},${token.value}` : token.value;
  }
  for (const flag of flags) {
    const text = flag.env === undefined ? undefined : env[flag.env];
    if (text === undefined || text === "" || flag.name === "account-id" || flag.name === "profile-id") continue;
    if (flag.arg !== undefined) {
      if (values[flag.name] !== undefined) continue;
      values[flag.name] = text;
      origins[flag.name] = flag.env ?? "";
    } else if (/^(?:1|true|yes|y|on)$/i.test(text)) switches.add(flag.name);
  }
  for (const flag of flags) checkValues(flag, values[flag.name], origins[flag.name] ?? `--${flag.name}`);
  return { command, options: { values, switches, origins, ...(command.words === undefined ? {} : { words }) } };
}

/** What prints the options of a command. */
const helpOf = ({ name }: Command): string => `npx create-halo-mcp ${name === "init" ? "" : `${name} `}--help`;

function unknownFlag(name: string, flags: readonly Flag[], command: Command): UsageError {
  if (/(?:^|[-_])token$/i.test(name)) {
    return new UsageError(
      "there is no --token: a token on the command line can be read by every program on this machine",
      {
        hint: "put it into HALO_MCP_TOKEN, or use --token-stdin or --token-file",
      },
    );
  }
  const near = nearest(name, [...flags.map((flag) => flag.name), "token"]);
  if (near === "token") return unknownFlag(near, flags, command);
  const shown = isWord(name) ? ` --${name}` : "";
  return new UsageError(`unknown option${shown}${near === undefined ? "" : `: did you mean --${near}?`}`, {
    hint: helpOf(command),
  });
}

/** Only a flag that says so in its placeholder takes a list; given twice, its lists add up. */
function takesList(flag: Flag): boolean {
  return flag.arg?.endsWith(",…") === true;
}

function checkValues(flag: Flag, text: string | undefined, origin: string): void {
  if (flag.values === undefined || text === undefined) return;
  const words = takesList(flag) ? text.split(",").map((word) => word.trim()) : [text];
  for (const word of words) {
    if (flag.values.includes(word)) continue;
    const near = nearest(word, flag.values);
    throw new UsageError(
      `${origin} knows ${flag.values.join(", ")}${near === undefined ? "" : `: did you mean ${near}?`}`,
    );
  }
}

function versionText(context: Context, debug: boolean): string {
  if (!debug) return context.version;
  const old = /^v(?:20|21|23)\./.test(context.nodeVersion) ? " (past its end of life; supported here)" : "";
  return `create-halo-mcp ${context.version}\nnode ${context.nodeVersion}${old}\n${context.platform} ${context.arch}`;
}

/** Whether these words ask for JSON, be they right or not. */
export function wantsJson(argv: readonly string[]): boolean {
  return argv.includes("--json") || /--format[ =]json(?: |$)/.test(argv.join(" "));
}

/** The one error boundary: what went wrong, then the next command to type. Returns the exit code. */
function report(context: Context, error: unknown, argv: readonly string[]): number {
  const safe = (text: string): string => printableLines(mask(text, context.secrets));
  const cancelled = context.signal.aborted && !(error instanceof HaloError);
  const known = error instanceof HaloError ? error : cancelled ? new Cancelled() : undefined;
  const exitCode = known?.exitCode ?? 3;
  const message =
    known?.message ?? `unexpected error: ${printable(safe(error instanceof Error ? error.message : String(error)))}`;
  const hint = known === undefined ? "run it again with --debug and tell us what it prints" : known.hint;
  if (wantsJson(argv)) {
    const body = {
      version: 1,
      ok: false,
      error: {
        code: known?.code ?? "unexpected",
        message: safe(message),
        hint: hint === undefined ? null : safe(hint),
      },
    };
    context.stdout.write(`${JSON.stringify(body, null, 2)}\n`);
  } else {
    const text = `${known instanceof Cancelled ? "" : "create-halo-mcp: "}${message}`;
    const hints = hint === undefined ? [] : hint.split("\n").map((line) => `  ${line}`);
    const lines = [...text.split("\n"), ...hints].flatMap((line) => wrap(line, 78));
    context.stderr.write(safe(`${lines.join("\n")}\n`));
  }
  if (argv.includes("--debug") && error instanceof Error) context.stderr.write(safe(`${error.stack ?? ""}\n`));
  return exitCode;
}

/** Runs one command line. In: the context and the words after the program's name. Out: the exit code. */
export async function main(context: Context, argv: readonly string[]): Promise<number> {
  try {
    const { command, options } = parse(argv, context.env);
    if (options.switches.has("help")) {
      context.print(`${help(context, command)}\n`);
      return 0;
    }
    if (options.switches.has("version")) {
      context.print(`${versionText(context, options.switches.has("debug"))}\n`);
      return 0;
    }
    const module = await command.load();
    return await module.run(context, options);
  } catch (error) {
    return report(context, error, argv);
  }
}
