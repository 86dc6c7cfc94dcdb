/** TLS servers with certificates made for the test by the openssl program: a CA that the child trusts, and what can be wrong under it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cause } from "../../src/core/diagnosis/diagnose.ts";
import type { TlsFacts } from "../../src/core/diagnosis/record.ts";
import { behave, listen, type Message, type Running } from "./fault-kit.ts";

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

export interface KeyPair {
  readonly key: Buffer;
  readonly cert: Buffer;
}

export interface TlsFaults {
  /** For NODE_EXTRA_CA_CERTS. */
  readonly ca: string;
  readonly good: KeyPair;
  readonly selfSigned: KeyPair;
  readonly faults: readonly TlsFault[];
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

/** Makes the certificates, in a folder of their own. */
export function makeTlsFaults(): TlsFaults {
  const folder = mkdtempSync(join(tmpdir(), "halo-tls-"));
  const openssl = (...args: string[]): void =>
    void execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  mkdirSync(join(folder, "certs"));
  writeFileSync(join(folder, "index"), "");
  writeFileSync(join(folder, "serial"), "01\n");
  writeFileSync(join(folder, "c.cnf"), CONFIG);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "c.cnf"];
  openssl(
    "req",
    "-x509",
    ...key,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-subj",
    "/CN=test ca",
    "-days",
    "30",
    "-extensions",
    "v3_ca",
  );

  /** Signed by the CA, or by the one that is named. `extensions`: a section of the configuration. */
  const signed = (name: string, host: string, from: string, to: string, by = "ca", extensions?: string): KeyPair => {
    openssl(
      "req",
      ...key,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.csr`,
      "-subj",
      `/CN=${name === "between" ? "test intermediate" : name}`,
      "-addext",
      `subjectAltName=${host}`,
    );
    openssl(
      "ca",
      "-batch",
      "-notext",
      "-config",
      "c.cnf",
      "-cert",
      `${by}.pem`,
      "-keyfile",
      `${by}.key`,
      ...(extensions === undefined ? [] : ["-extensions", extensions]),
      "-in",
      `${name}.csr`,
      "-out",
      `${name}.pem`,
      "-startdate",
      from,
      "-enddate",
      to,
    );
    return { key: readFileSync(join(folder, `${name}.key`)), cert: readFileSync(join(folder, `${name}.pem`)) };
  };
  const selfSigned = (): { key: Buffer; cert: Buffer } => {
    openssl(
      "req",
      "-x509",
      ...key,
      "-keyout",
      "self.key",
      "-out",
      "self.pem",
      "-subj",
      "/CN=self",
      "-addext",
      "subjectAltName=IP:127.0.0.1",
      "-days",
      "30",
    );
    return { key: readFileSync(join(folder, "self.key")), cert: readFileSync(join(folder, "self.pem")) };
  };
  const here = "IP:127.0.0.1,DNS:localhost";
  const [past, future] = ["20200101000000Z", "20490101000000Z"];
  const good = signed("good", here, past, future);
  signed("between", "DNS:intermediate.invalid", past, future, "ca", "v3_ca");
  const orphan = signed("orphan", here, past, future, "between");

  const self = selfSigned();
  const serve = (
    name: string,
    cause: Cause | null,
    options: Parameters<typeof createServer>[0],
    error: string | null,
    shown: Partial<TlsFacts> | null,
    ...says: string[]
  ): TlsFault => ({
    name,
    cause,
    error,
    shown,
    says,
    start: () =>
      listen(
        createServer(options, (request, response) => {
          let text = "";
          request.on("data", (chunk: Buffer) => {
            text += chunk.toString();
          });
          request.on("end", () => {
            const message = (text === "" ? {} : JSON.parse(text)) as Message;
            behave({ request, response, message, second: "", token: "" });
          });
        }).on("tlsClientError", () => undefined),
        "https",
      ),
  });
  return {
    ca: join(folder, "ca.pem"),
    good,
    selfSigned: self,
    faults: [
      serve(
        "a good certificate",
        null,
        good,
        null,
        {
          protocol: "TLSv1.3",
          subject: "good",
          issuer: "test ca",
          names: ["127.0.0.1", "localhost"],
          validTo: "2049-01-01T00:00:00.000Z",
          systemCas: null,
        },
        "TLSv1.3, issued by test ca, ",
        " days left",
      ),
      serve(
        "a self-signed certificate",
        "tls-untrusted",
        self,
        "DEPTH_ZERO_SELF_SIGNED_CERT",
        { subject: "self", issuer: "self", names: ["127.0.0.1"], above: [] },
        'It is for "self", issued by "self".',
        "Nothing was sent.",
      ),
      serve(
        "an expired certificate",
        "tls-expired",
        signed("expired", here, past, "20210101000000Z"),
        "CERT_HAS_EXPIRED",
        { subject: "expired", issuer: "test ca", validTo: "2021-01-01T00:00:00.000Z" },
        "has expired on 2021-01-01",
        'for "expired", issued by "test ca"',
      ),
      serve(
        "a certificate of tomorrow",
        "tls-not-yet-valid",
        signed("early", here, "20480101000000Z", future),
        "CERT_NOT_YET_VALID",
        { subject: "early", validFrom: "2048-01-01T00:00:00.000Z" },
        "valid in the future on 2048-01-01",
      ),
      serve(
        "a certificate for another host",
        "tls-wrong-host",
        signed("other", "DNS:example.com", past, future),
        "ERR_TLS_CERT_ALTNAME_INVALID",
        { subject: "other", names: ["example.com"] },
        "showed a certificate for example.com.",
      ),
      serve(
        "no protocol in common",
        "tls-handshake",
        {
          ...good,
          minVersion: "TLSv1",
          maxVersion: "TLSv1.1",
          ciphers: "ALL:@SECLEVEL=0",
        },
        null,
        null,
      ),
      serve(
        "a certificate whose signer is not sent along",
        "tls-untrusted",
        orphan,
        "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        { subject: "orphan", issuer: "test intermediate", above: [] },
        'It is for "orphan", issued by "test intermediate".',
        "Nothing was sent.",
      ),
      serve(
        "a certificate with its signer",
        null,
        { ...orphan, cert: Buffer.concat([orphan.cert, readFileSync(join(folder, "between.pem"))]) },
        null,
        { subject: "orphan", issuer: "test intermediate" },
      ),
      serve(
        "a certificate asked of us",
        "tls-handshake",
        {
          ...good,
          requestCert: true,
          rejectUnauthorized: true,
          maxVersion: "TLSv1.2",
        },
        null,
        null,
      ),
      // The handshake is over for us before the server misses our certificate: it says so in an alert that comes after.
      serve(
        "a certificate asked of us under TLS 1.3",
        "tls-handshake",
        {
          ...good,
          requestCert: true,
          rejectUnauthorized: true,
          minVersion: "TLSv1.3",
        },
        null,
        { protocol: "TLSv1.3", subject: "good" },
        "asks for a client certificate, and none was sent (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED)",
      ),
    ],
  };
}
