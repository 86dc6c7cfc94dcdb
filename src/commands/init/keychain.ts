/** `--bridge keychain`: the token in the system's store, or where 1Password has it. */
import type { Scope } from "../../core/clients/claude-code.ts";
import { equalJson, jsonOf, property } from "../../core/formats/json.ts";
import { removeEntry } from "../../core/plan/claude-program.ts";
import { isOpReference, keychainEntry, keychainFor, saveSteps } from "../../core/plan/keychain.ts";
import type { RunStep } from "../../core/plan/model.ts";
import { EnvironmentError, Refusal } from "../../errors.ts";
import { absenceOf, entryIn, type Page, type Values } from "./survey.ts";

/** The reference of 1Password that is in the place of the token. */
export function opReference({ context, options, here, target: { slots } }: Page): string | undefined {
  if (options.bridge !== "keychain" || options.tokenStdin || options.tokenFile !== undefined) return undefined;
  const variable = "env" in slots.token ? slots.token.env : "";
  return [context.env[variable], here.dotenv.get(variable)].find((text = "") => isOpReference(text));
}

/** The store and the programs, or why it cannot be used here. */
export function keychainHere(page: Page) {
  const { context, here, target } = page;
  const keychain = keychainFor(context.platform, target.name, opReference(page));
  if (keychain === undefined)
    throw new Refusal(`no keychain is known for ${context.platform}`, { hint: "leave out --bridge" });
  const [name] = keychain.read;
  const store = here.programs.find(name);
  if (store === undefined)
    throw new EnvironmentError(`${name} was not found, the program that reads and writes ${keychain.label}`, {
      hint: "install it, or leave out --bridge",
    });
  const claude = here.claude?.path;
  if (claude === undefined) throw new EnvironmentError(absenceOf(here), { hint: "claude --version" });
  return { keychain, programs: { claude, store } };
}

/** The token belongs into a store: it is wished, or nothing else is wished and the last one is there. */
export const isKept = ({ options, here, target }: Page, scopes: readonly Scope[]): boolean =>
  options.bridge === "keychain" ||
  (options.said.bridge === undefined &&
    scopes.join() === "user" &&
    here.keychains.get(target.name)?.save !== undefined);

/** The token alone; the entry stays as it is. */
export function tokenSteps(page: Page, token: string): readonly RunStep[] {
  const { here, target } = page;
  if (/["\\]/.test(token))
    throw new Refusal("a token with a quote or a backslash cannot be used with --bridge keychain", {
      hint: "leave it out",
    });
  const { keychain, programs } = keychainHere(page);
  const isMoved = entryIn(page, "user") !== undefined;
  return saveSteps(keychain, programs.store, target.name, token, here.tokens.get(target.name), isMoved);
}

/** The token, and the entry without it, which Claude Code writes. */
export function keychainSteps(page: Page, values: Values): readonly RunStep[] {
  const { here, target, url } = page;
  const { name } = target;
  const { keychain, programs } = keychainHere(page);
  const old = entryIn(page, "user");
  const raw = property(jsonOf(here.snapshot.get(here.store), true), "mcpServers", name);
  const entry = keychainEntry(keychain, url, values);
  const token = tokenSteps(page, values.token);
  if (old !== undefined && equalJson(raw ?? null, entry)) return token;
  const headers = Object.entries(entry.headers).map((pair) => `  ${pair.join(": ")}`);
  const add: RunStep = {
    kind: "run",
    // on the command line: 2.1.197 reads no standard input here
    argv: [programs.claude, "mcp", "add-json", "--scope", "user", name, JSON.stringify(entry)],
    why: `add "${name}" (user scope), the token from ${keychain.label}`,
    details: [`new: ${url}`, ...headers, `  ${keychain.helper}`],
    undo: [programs.claude, "mcp", "remove", "--scope", "user", name],
  };
  return [...token, ...(old === undefined ? [] : [removeEntry(programs.claude, "user", old, raw)]), add];
}
