import { expect, test } from "vitest";
import { expectNoToken, on, STUDIO, TOKEN } from "./support.ts";

/** A set-up that is read aloud: line by line, no drawing, no cursor movement. */
test.each([
  ["--plain", ["--plain"], {}],
  ["TERM=dumb", [], { TERM: "dumb" }],
  ["LANG=C", ["--plain"], { LANG: "C", LC_ALL: "C" }],
] as const)("%s: every question is a line, and so is every answer", (name, args, env) =>
  on({}, async (m) => {
    const wizard = m.open(["--url", m.url, ...args], { env });
    await wizard.waitFor("What do you want to connect");
    expect(wizard.text()).toMatch(/^ {2}1\. Claude Code/m);
    wizard.type("99\r");
    await wizard.waitFor(/1\. Claude Code[\s\S]*Type numbers from 1 to \d+\.\s[\s\S]*1\. Claude Code/);
    wizard.press("enter");
    await wizard.waitFor(/Paste the product[\s\S]*is not\s+shown:/);
    wizard.type(`${TOKEN}\r`);
    await wizard.waitFor("Paste a HALO Studio");
    wizard.type(`${STUDIO}\r`);
    await wizard.waitFor("Write th");
    wizard.type("1\r");
    await wizard.ends(0);
    expectNoToken(wizard.raw());
    // the terminal itself marks nothing, and ours moves nothing
    // biome-ignore lint/suspicious/noControlCharactersInRegex: cursor movement is meant
    expect(wizard.raw().match(/\u001b\[[0-9;?]*[A-Za-ln-z]|[◆◇│┌└◒◐◓◑]\s\s.*\u001b/g)).toBeNull();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is meant
    if (name === "LANG=C") expect(wizard.raw()).toMatch(/^[\x00-\x7f]*$/);
  }),
);
