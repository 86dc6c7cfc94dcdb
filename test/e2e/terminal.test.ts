import { afterEach, expect, test } from "vitest";
import { mkRepo, type ScratchHome, scratchHome } from "../support/home.ts";
import { openTerminal, type Terminal } from "../support/terminal.ts";

let scratch: ScratchHome;
let terminal: Terminal;

afterEach(async () => {
  await terminal.kill();
  scratch.dispose();
});

function open(program: string, cols = 80): Terminal {
  scratch = scratchHome();
  const { path } = mkRepo(scratch);
  terminal = openTerminal({ file: process.execPath, args: ["-e", program], cwd: path, env: scratch.env, cols });
  return terminal;
}

test("a program sees a terminal, its keys and a clean environment; the test sees its screen and its end", async () => {
  const { screen, waitFor, press, type, exit, raw } = open(
    `process.stdout.write("\\x1b[31mtty \\x1b[0m" + process.stdin.isTTY + " " + process.stdout.columns + "\\n");
     console.log(Object.keys(process.env).sort().join(" "));
     process.stdin.setRawMode(true);
     process.stdin.on("data", (data) => {
       console.log(JSON.stringify(String(data)));
       if (String(data).includes("\\u0003")) process.exit(7);
     });`,
    200,
  );
  await waitFor("TMPDIR");
  expect(screen()[0]).toBe("tty true 200");
  expect(raw()).toContain("\x1b[31mtty");
  expect(screen()[1]).toMatch(/^GIT_AUTHOR_EMAIL .*HOME LANG PATH (PWD )?TERM TMPDIR$/);
  type("abc");
  await waitFor('"abc"');
  press("down");
  await waitFor('"\\u001b[B"');
  press("ctrl-c");
  expect(await exit).toEqual({ code: 7, signal: 0 });
});

test("a hidden cursor is noticed, and a failed wait shows the screen", async () => {
  const { cursorVisible, waitFor } = open(`process.stdout.write("\\x1b[?25lready"); setInterval(() => {}, 1000);`);
  await waitFor("ready");
  expect(cursorVisible()).toBe(false);
  await expect(waitFor("never", 100)).rejects.toThrow(/never was not on the screen[\s\S]*ready[\s\S]*still running/);
});
