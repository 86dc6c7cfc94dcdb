/** The usual output of every command in a narrow window: nothing is broken in the middle of a word. */
import { expect, test } from "vitest";
import { init, only, succeeded } from "./clients-support.ts";
import { on, wideLines, withToken } from "./support.ts";

/** A command, a URL or a path alone on its line, to be copied: a window breaks it, and what is copied is whole. */
const ALONE =
  /^[│\s]*(?:(?:(?:[A-Z_]+=\S+ )?npx|npm|git|claude|codex|code|chmod|cursor-agent) |(?:cursor:\/\/|vscode:)\S+$|https?:\/\/\S+$|(?:user: )?~\/\S+$)/;

/** With lines of files, which are copied: see the unit test for 60 columns. */
const GUIDES = ["codex", "vscode", "claude-ai", "claude-desktop"].map((client) => `guide ${client}`);
const HELPS = ["", "check ", "doctor ", "rotate ", "remove ", "guide ", "clients ", "run "].map(
  (name) => `${name}--help`,
);
const TESTED = ["doctor", "doctor --client cursor", "doctor --quiet", "--yes --dry-run", "rotate --dry-run"];
const UNTESTED = [...HELPS, "check", "--no-such-option", "clients", "remove --dry-run", "guide cursor"];

test.each([80, 60])("in %i columns", (cols) =>
  on({}, async (m) => {
    succeeded(await init(m, "--client", "claude-code,cursor"));
    const wide: string[] = [];
    for (const line of [...UNTESTED, ...TESTED, ...(cols === 80 ? GUIDES : [])]) {
      const more = TESTED.includes(line) ? ["--url", m.url] : [];
      const screen = m.open([...line.split(" "), ...more], { env: { ...only(m), ...withToken }, cols, rows: 60 });
      // what asks for a token stays open
      await Promise.race([screen.exit, screen.settle(1500)]);
      expect(screen.text(), line).not.toBe("");
      await screen.kill();
      wide.push(...wideLines(screen.raw(), cols).flatMap((each) => (ALONE.test(each) ? [] : [`${line}: ${each}`])));
    }
    expect(wide).toEqual([]);
  }),
);
