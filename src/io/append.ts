/** Adds to a file that somebody else has named: the page of a job. */
import { closeSync, constants, fstatSync, openSync, statSync, writeFileSync } from "node:fs";
import { errnoOf } from "./read.ts";

function assertRegular(isFile: boolean): void {
  if (!isFile) throw new Error("not a regular file");
}

/** Adds a text to the end of a regular file, which is made where there is none. Throws for all else, and never waits. */
export function appendToFile(path: string, text: string): void {
  try {
    // before open: opening a device may have an effect
    assertRegular(statSync(path).isFile());
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK = 0, O_NOCTTY = 0 } = constants;
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY, 0o666);
  try {
    assertRegular(fstatSync(fd).isFile());
    writeFileSync(fd, text);
  } finally {
    closeSync(fd);
  }
}
