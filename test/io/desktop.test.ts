/** Which program fills the clipboard and which opens a page, by platform and PATH; and what such a program gets. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clipboardOf, give, openerOf, osc52 } from "../../src/io/desktop.ts";
import { type ScratchHome, scratchHome } from "../support/home.ts";

const SSH = { SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22" };
const [X, WAYLAND, WSL] = [{ DISPLAY: ":0" }, { WAYLAND_DISPLAY: "wayland-0" }, { WSL_DISTRO_NAME: "Ubuntu" }];
const ALL = "pbcopy clip wl-copy xclip xsel clip.exe open cmd xdg-open wslview";

const desktop = (platform: string, env: Readonly<Record<string, string>>, path: string) => ({
  ...{ platform, env },
  find: (name: string) => (path.split(" ").includes(name) ? `/bin/${name}` : undefined),
});

it.each<[string, Readonly<Record<string, string>>, string, string, string]>([
  ["darwin", {}, ALL, "/bin/pbcopy", "/bin/open"],
  ["darwin", SSH, ALL, "terminal", "none"],
  ["win32", {}, ALL, "/bin/clip", "/bin/cmd /d /c start "],
  ["linux", WAYLAND, ALL, "/bin/wl-copy", "/bin/xdg-open"],
  ["linux", { ...WAYLAND, ...X }, "xsel", "/bin/xsel --clipboard --input", "none"],
  ["linux", X, ALL, "/bin/xclip -selection clipboard", "/bin/xdg-open"],
  ["linux", X, "xsel wl-copy", "/bin/xsel --clipboard --input", "none"],
  ["linux", X, "wl-copy", "none", "none"],
  ["linux", WSL, ALL, "/bin/clip.exe", "/bin/wslview"],
  ["linux", { ...X, SSH_TTY: "/dev/pts/1" }, ALL, "terminal", "none"],
  ["linux", {}, ALL, "none", "none"],
  ["freebsd", X, "xclip xdg-open", "/bin/xclip -selection clipboard", "/bin/xdg-open"],
])("%s with %j, where there is %s: %s, %s", (platform, env, path, clipboard, opener) => {
  const words = (argv: readonly string[] | string | undefined): string => [argv ?? "none"].flat().join(" ");
  const on = desktop(platform, env, path);
  expect([words(clipboardOf(on)), words(openerOf(on))]).toEqual([clipboard, opener]);
});

it("the sequence for a terminal has the text in base64", () => {
  expect(osc52("made-up é")).toBe("\u001b]52;c;bWFkZS11cCDDqQ==\u0007");
});

describe("give", () => {
  let scratch: ScratchHome;
  beforeAll(() => {
    scratch = scratchHome();
  });
  afterAll(() => scratch.dispose());
  const program = (script: string): string => {
    const path = join(scratch.root, "program");
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  };

  it("the text is on standard input, not among the arguments", async () => {
    const path = program(`echo "$*" > "${scratch.root}/argv"; cat > "${scratch.root}/stdin"`);
    expect(await give([path, "-x"], scratch.env, "made-up-value")).toBe(true);
    expect(readFileSync(join(scratch.root, "argv"), "utf8")).toBe("-x\n");
    expect(readFileSync(join(scratch.root, "stdin"), "utf8")).toBe("made-up-value");
  });

  it("what it leaves running is not ended", async () => {
    const path = program(`(read -r _ < "${scratch.root}/go"; echo alive > "${scratch.root}/left") >/dev/null 2>&1 &`);
    const go = join(scratch.root, "go");
    execFileSync("mkfifo", [go]);
    expect(await give([path], scratch.env)).toBe(true);
    writeFileSync(go, "\n");
    await expect.poll(() => existsSync(join(scratch.root, "left"))).toBe(true);
  });

  it("says so if the program fails, or is not there", async () => {
    expect(await give([program("exit 3")], scratch.env, "x")).toBe(false);
    expect(await give([join(scratch.root, "nothing")], scratch.env, "x")).toBe(false);
  });
});
