import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { startProgram } from "../../src/io/start.ts";
import { folder } from "../support/home.ts";

/** As npm 11 and pnpm 10 write them. */
const NPM = (start: string): string => `@ECHO off\r
GOTO start\r
:find_dp0\r
SET dp0=%~dp0\r
EXIT /b\r
:start\r
SETLOCAL\r
CALL :find_dp0\r
${start}`;
const SHIMS = {
  "a script, npm": NPM(`
IF EXIST "%dp0%\\node.exe" (\r
  SET "_prog=%dp0%\\node.exe"\r
) ELSE (\r
  SET "_prog=node"\r
  SET PATHEXT=%PATHEXT:;.JS;=;%\r
)\r
\r
endLocal & goto #_undefined_# 2>NUL || title %COMSPEC% & "%_prog%"  "%dp0%\\node_modules\\tool\\bin\\tool.js" %*\r
`),
  "a script, pnpm": `@SETLOCAL\r
@IF EXIST "%~dp0\\node.exe" (\r
  "%~dp0\\node.exe"  "%~dp0\\node_modules\\tool\\bin\\tool.js" %*\r
) ELSE (\r
  @SET PATHEXT=%PATHEXT:;.JS;=;%\r
  node  "%~dp0\\node_modules\\tool\\bin\\tool.js" %*\r
)\r
`,
  "a program, npm": NPM('"%dp0%\\node_modules\\tool\\bin\\tool.exe"   %*\r\n'),
};

describe("on Windows", () => {
  test.each(Object.entries(SHIMS))("what a .cmd starts is started without a shell: %s", async (what, text) => {
    const cwd = folder();
    const bin = join(cwd, "node_modules/tool/bin");
    mkdirSync(bin, { recursive: true });
    const script = `require("fs").writeFileSync("said", JSON.stringify([process.argv.slice(2), process.env.HALO_MCP_TOKEN])); process.exit(7)`;
    writeFileSync(join(bin, "tool.js"), script);
    writeFileSync(join(bin, "tool.exe"), `#!/bin/sh\nexec "${process.execPath}" "${join(bin, "tool.js")}" "$@"\n`);
    chmodSync(join(bin, "tool.exe"), 0o755);
    writeFileSync(join(cwd, "tool.cmd"), text);
    // what a shell of Windows would act on
    const args = ['a "b" c', "%PATH%", "x & y", "^", "tail\\"];
    const env = { HALO_MCP_TOKEN: "made-up", PATH: dirname(process.execPath) };
    expect(await startProgram([join(cwd, "tool.cmd"), ...args], { cwd, env, platform: "win32" }), what).toBe(7);
    expect(JSON.parse(readFileSync(join(cwd, "said"), "utf8"))).toEqual([args, "made-up"]);
  });

  test("a program that is not there", async () => {
    const cwd = folder();
    const around = { cwd, env: {}, platform: "win32" };
    expect(await startProgram([join(cwd, "none.exe")], around)).toBe("ENOENT");
  });
});
