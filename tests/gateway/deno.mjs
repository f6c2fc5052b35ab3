// Where Deno is.
import { execFileSync } from "node:child_process";
import { installed } from "../runtimes/command.mjs";

const launcher = installed("deno", "bin.cjs");
const program = () => installed("deno", process.platform === "win32" ? "deno.exe" : "deno");
// It puts the program that npm has fetched beside itself; which is then run without it, so that ending it ends Deno.
if (launcher && !program()) execFileSync(process.execPath, [launcher, "--version"]);

export const deno = program();
export const absent = deno ? false : "the package deno is not installed";
