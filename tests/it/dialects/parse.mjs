// Takes strings apart with the drivers of Node.js: JSON lines in, JSON lines out.
//
// usage: parse.mjs DIRECTORY_OF_PG_AND_POSTGRES

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import path from "node:path";
import fs from "node:fs";

const require = createRequire(path.join(process.argv[2], "x.js"));
const { parse } = require("pg-connection-string");
const postgres = require("postgres");

/** What node-postgres would give to tls.connect. */
function levelOfPg(ssl) {
  if (!ssl) return ["disable", ""];
  if (typeof ssl === "string") throw new TypeError("ssl is a text");
  if (ssl === true) return ["verify-full", ""];
  const root = ssl.ca === undefined ? "" : "given";
  if (ssl.rejectUnauthorized === false) return ["require", ""];
  return [ssl.checkServerIdentity ? "verify-ca" : "verify-full", root];
}

/** `secure` in connection.js of postgres.js. */
function levelOfPostgres(ssl) {
  if (!ssl) return "disable";
  if (ssl === "require" || ssl === "allow") return "require";
  if (ssl === "prefer") return "prefer";
  return "verify-full";
}

const parsers = {
  "node-postgres": (text) => {
    const config = parse(text);
    const [mode, root] = levelOfPg(config.ssl);
    return {
      hosts: [config.host || "localhost"],
      ports: [config.port || "5432"],
      user: config.user || "",
      password: config.password || "",
      dbname: config.database || "",
      mode,
      root,
    };
  },
  "postgres.js": (text) => {
    const { options } = postgres(text);
    return {
      hosts: options.host,
      ports: options.port.map(String),
      user: options.user,
      password: options.pass || "",
      dbname: options.database,
      mode: levelOfPostgres(options.ssl),
      root: "",
    };
  },
};

for (const name of Object.keys(process.env)) if (name.startsWith("PG")) delete process.env[name];
process.removeAllListeners("warning");
for await (const line of createInterface({ input: process.stdin })) {
  const { dialect, text } = JSON.parse(line);
  let answer;
  try {
    answer = parsers[dialect](text);
  } catch (error) {
    answer = { error: String(error) };
  }
  fs.writeSync(1, JSON.stringify(answer) + "\n");
}
