/** `run -- <command…>`: starts a program with the values of `.env` in its environment. It prints nothing itself. */
import { join, resolve } from "node:path";
import type { Context } from "../../context.ts";
import { dotenvOf } from "../../core/formats/dotenv.ts";
import { DEFAULT_NAME, isOurs, isSafeVariable, variablesFor } from "../../core/halo.ts";
import { EnvironmentError, UsageError } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";
import { findRoot, readState } from "../../io/read.ts";
import { startProgram } from "../../io/start.ts";
import { folderFor } from "../shared/options.ts";
import { programsFor } from "../shared/programs.ts";

/** Exit code: that of the program. */
export async function run(context: Context, { values, switches, words }: RawOptions): Promise<number> {
  const [program, ...args] = words;
  if (program === undefined)
    throw new UsageError("run needs a command after --", { hint: "npx create-halo-mcp run -- claude" });
  const { cwd, platform } = context;
  const folder = folderFor(resolve(cwd, values.cwd ?? "."));
  const file = values["values-file"];
  const root = findRoot(folder) ?? folder;
  const path = file === undefined ? join(root, ".env") : resolve(cwd, file);
  // a repository may have a .env of its own: only variables that are HALO's by their name
  const own = Object.fromEntries(
    [...dotenvOf(readState(path))].filter(([name]) => isSafeVariable(name) && isOurs(name)),
  );
  const name = values.name ?? DEFAULT_NAME;
  const programs = programsFor(context, root, root);
  // under npx, PATH begins with the programs of the current folder: neither the program nor what it starts is one of them
  const exported = programs.env;
  // an exported variable that is empty hides no value
  const set = Object.fromEntries(Object.entries(exported).filter(([, value]) => value !== ""));
  const isComplete = Object.values(variablesFor(name)).every((each) => own[each] || set[each]);
  const more = isComplete ? {} : (await import("../shared/user-values.ts")).userValues(context, programs, name);
  const found = { ...(await more), ...own };
  const env = switches.has("override") ? { ...exported, ...found } : { ...exported, ...found, ...set };
  const started = /[\\/]/.test(program) ? program : programs.find(program);
  if (started === undefined)
    throw new EnvironmentError(`${program} was not found on the PATH, outside of this repository`, {
      hint: "for a program of the repository give its path, such as ./node_modules/.bin/tsx",
    });
  const ended = await startProgram([started, ...args], { cwd: folder, env, platform });
  if (typeof ended === "number") return ended;
  throw new EnvironmentError(`${program} could not be started (${ended})`, { hint: "check the name of the program" });
}
