/** The file that NODE_EXTRA_CA_CERTS names: is it there, and whose certificates does it hold? Node itself says no word where it cannot be used, but in a warning that nobody sees behind a client. */
import { X509Certificate } from "node:crypto";
import type { Known } from "../../core/diagnosis/facts.ts";
import { readDocument } from "../read.ts";

const MOST = 500;

/** The name that a certificate's subject is called by, as the connection test shows it. */
function nameOf({ subject }: X509Certificate): string {
  for (const field of ["CN", "O", "OU"]) {
    const value = new RegExp(`^${field}=(.+)$`, "mu").exec(subject)?.[1];
    if (value !== undefined) return value;
  }
  return "";
}

/** In: its absolute path. Never throws for what is on the disk. */
export function readExtraCas(file: string): NonNullable<Known["extraCas"]> {
  const read = readDocument(file);
  if (read.kind !== "read")
    return {
      file,
      problem: read.kind === "absent" ? "missing" : read.kind === "not-a-file" ? "no file" : "unreadable",
      names: [],
    };
  const text = read.encoding === "too-big" ? (read.raw ?? "") : read.text;
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu) ?? [];
  const names = blocks.slice(0, MOST).flatMap((block) => {
    try {
      return [nameOf(new X509Certificate(block))];
    } catch {
      return [];
    }
  });
  return { file, ...(names.length === 0 ? { problem: "no certificate" } : {}), names };
}
