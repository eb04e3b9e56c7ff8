#!/usr/bin/env node
"use strict";

// Runs the program of this platform's package with the same arguments, and ends as it ends.

const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const PACKAGES = {
  "linux x64": "pgtls-linux-x64/bin/pgtls",
  "linux arm64": "pgtls-linux-arm64/bin/pgtls",
  "win32 x64": "pgtls-win32-x64/bin/pgtls.exe",
};

// pgtls' own exit code for a run that cannot begin.
const CANNOT_RUN = 2;

function program() {
  const platform = `${process.platform} ${process.arch}`;
  const path = PACKAGES[platform];
  if (path === undefined) {
    console.error(`pgtls: there is no program for ${platform}; it runs on ${Object.keys(PACKAGES).join(", ")}`);
    return null;
  }
  try {
    return require.resolve(path);
  } catch {
    const name = path.split("/")[0];
    console.error(`pgtls: the package ${name} is not installed. Install pgtls again without --no-optional`);
    return null;
  }
}

const path = program();
if (path === null) {
  process.exitCode = CANNOT_RUN;
} else {
  // Before it runs: a signal that comes first must reach it, too.
  let child = null;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // A terminal has sent Ctrl-C to both. A second one would end pgtls without its report.
      if (signal !== "SIGINT" || !process.stdin.isTTY) {
        child?.kill(signal);
      }
    });
  }
  child = spawn(path, process.argv.slice(2), { stdio: "inherit", windowsHide: true });
  child.on("error", (error) => {
    console.error(`pgtls: cannot run ${path}: ${error.message}`);
    process.exitCode = CANNOT_RUN;
  });
  child.on("exit", (code, signal) => {
    // As a shell counts it.
    process.exitCode = signal === null ? code : 128 + (constants.signals[signal] ?? 0);
  });
}
