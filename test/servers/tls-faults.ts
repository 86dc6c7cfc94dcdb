/** TLS servers with certificates made for the test by the openssl program: a CA that the child trusts, and what can be wrong under it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type ServerOptions } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cause } from "../../src/core/diagnosis/diagnose.ts";
import type { TlsFacts } from "../../src/core/diagnosis/record.ts";
import { handler, listen, type Running } from "./fault-kit.ts";

export interface KeyPair {
  readonly key: Buffer;
  readonly cert: Buffer;
}

export interface TlsFault {
  readonly name: string;
  readonly cause: Cause | null;
  /** What the record must show of the certificate; null: the handshake does not get that far. */
  readonly shown: Partial<TlsFacts> | null;
  readonly error: string | null;
  /** Words that the stage must say. */
  readonly says: readonly string[];
  readonly start: () => Promise<Running>;
}

const CONFIG = `
[ca]
default_ca = d
[d]
new_certs_dir = certs
database = index
serial = serial
default_md = sha256
policy = p
copy_extensions = copy
unique_subject = no
[p]
commonName = supplied
[req]
distinguished_name = dn
[dn]
[v3_ca]
basicConstraints = critical,CA:true
keyUsage = keyCertSign
`;
const NEW_KEY = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config c.cnf".split(" ");
const HERE = "IP:127.0.0.1,DNS:localhost";
const [PAST, FUTURE] = ["20200101000000Z", "20490101000000Z"];

/** A healthy server of MCP. */
const serve = (options: ServerOptions): Promise<Running> =>
  listen(
    createServer(options, handler()).on("tlsClientError", () => undefined),
    "https",
  );

/** Makes a CA in a folder of its own, and each certificate when its server starts. */
export function makeTlsFaults() {
  const folder = mkdtempSync(join(tmpdir(), "halo-tls-"));
  const at = (file: string): string => join(folder, file);
  const openssl = (...args: string[]): void =>
    void execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const pair = (name: string): KeyPair => ({
    key: readFileSync(at(`${name}.key`)),
    cert: readFileSync(at(`${name}.pem`)),
  });
  const asked = (name: string, end: string, subject: string, ...more: string[]): void =>
    openssl(...NEW_KEY, "-keyout", `${name}.key`, "-out", `${name}.${end}`, "-subj", `/CN=${subject}`, ...more);

  mkdirSync(at("certs"));
  for (const [file, text] of Object.entries({ index: "", serial: "01\n", "c.cnf": CONFIG }))
    writeFileSync(at(file), text);
  asked("ca", "pem", "test ca", "-x509", "-days", "30", "-extensions", "v3_ca");

  /** Signed by the CA, or by the one that is named. */
  const signed = (
    name: string,
    { host = HERE, from = PAST, to = FUTURE, by = "ca", subject = name, more = "" },
  ): KeyPair => {
    asked(name, "csr", subject, "-addext", `subjectAltName=${host}`);
    const dates = `-startdate ${from} -enddate ${to} ${more}`.trim().split(" ");
    const files = `-config c.cnf -cert ${by}.pem -keyfile ${by}.key -in ${name}.csr -out ${name}.pem`.split(" ");
    openssl("ca", "-batch", "-notext", ...files, ...dates);
    return pair(name);
  };
  const orphan = (): KeyPair => {
    signed("between", { host: "DNS:intermediate.invalid", subject: "test intermediate", more: "-extensions v3_ca" });
    return signed("orphan", { by: "between" });
  };
  const good = signed("good", {});
  asked("self", "pem", "self", "-x509", "-days", "30", "-addext", "subjectAltName=IP:127.0.0.1");
  const selfSigned = pair("self");

  const fault = (
    name: string,
    cause: Cause | null,
    start: TlsFault["start"],
    { error = null, shown = null, says = [] }: Partial<TlsFault> = {},
  ): TlsFault => ({ name, cause, error, shown, says, start });
  const asksUs = { ...good, requestCert: true, rejectUnauthorized: true };
  const GOOD = {
    protocol: "TLSv1.3",
    subject: "good",
    issuer: "test ca",
    names: ["127.0.0.1", "localhost"],
    validTo: "2049-01-01T00:00:00.000Z",
    systemCas: null,
  };
  const UNSENT = "Nothing was sent.";
  const faults: readonly TlsFault[] = [
    fault("a good certificate", null, () => serve(good), {
      shown: GOOD,
      says: ["TLSv1.3, issued by test ca, ", " days left"],
    }),
    fault("a self-signed certificate", "tls-untrusted", () => serve(selfSigned), {
      error: "DEPTH_ZERO_SELF_SIGNED_CERT",
      shown: { subject: "self", issuer: "self", names: ["127.0.0.1"], root: "self" },
      says: ['The certificate is for "self", issued by "self".', UNSENT],
    }),
    fault("an expired certificate", "tls-expired", () => serve(signed("expired", { to: "20210101000000Z" })), {
      error: "CERT_HAS_EXPIRED",
      shown: { subject: "expired", issuer: "test ca", validTo: "2021-01-01T00:00:00.000Z" },
      says: ["expired on 2021-01-01", 'for "expired", issued by "test ca"'],
    }),
    fault("a certificate of tomorrow", "tls-not-yet-valid", () => serve(signed("early", { from: "20480101000000Z" })), {
      error: "CERT_NOT_YET_VALID",
      shown: { subject: "early", validFrom: "2048-01-01T00:00:00.000Z" },
      says: ["is not valid before 2048-01-01"],
    }),
    fault(
      "a certificate for another host",
      "tls-wrong-host",
      () => serve(signed("other", { host: "DNS:example.com" })),
      {
        error: "ERR_TLS_CERT_ALTNAME_INVALID",
        shown: { subject: "other", names: ["example.com"] },
        says: ["presented a certificate for example.com."],
      },
    ),
    fault("no protocol in common", "tls-handshake", () =>
      serve({ ...good, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" }),
    ),
    fault("a certificate whose signer is not sent along", "tls-untrusted", () => serve(orphan()), {
      error: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      shown: { subject: "orphan", issuer: "test intermediate", root: "test intermediate" },
      says: ['The certificate is for "orphan", issued by "test intermediate".', UNSENT],
    }),
    fault(
      "a certificate with its signer",
      null,
      () => {
        const { key, cert } = orphan();
        return serve({ key, cert: Buffer.concat([cert, readFileSync(at("between.pem"))]) });
      },
      { shown: { subject: "orphan", issuer: "test intermediate", root: "test ca" } },
    ),
    fault("a certificate asked of us", "tls-handshake", () => serve({ ...asksUs, maxVersion: "TLSv1.2" })),
    // The handshake is over for us before the server misses our certificate: it says so in an alert that comes after.
    fault(
      "a certificate asked of us under TLS 1.3",
      "tls-handshake",
      () => serve({ ...asksUs, minVersion: "TLSv1.3" }),
      {
        shown: { protocol: "TLSv1.3", subject: "good" },
        says: ["ended the TLS handshake (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED)."],
      },
    ),
  ];
  /** `ca`: for NODE_EXTRA_CA_CERTS. */
  return { ca: at("ca.pem"), good, selfSigned, faults };
}
