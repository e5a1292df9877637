// Why a command did not do what was asked, and the exit code that says so to scripts. For all commands; docs/cli.md lists them.
import { Schema } from "effect"

export const exitCodes = { done: 0, refused: 1, wrongUse: 2, notLoggedIn: 3, noAnswer: 4 } as const

/** The command was called wrongly. The caller acts; nothing was sent. */
export class WrongUse extends Schema.TaggedError<WrongUse>()("WrongUse", { message: Schema.String }) {}
/** No token, or Bridge does not take it. The caller logs in. */
export class NotLoggedIn extends Schema.TaggedError<NotLoggedIn>()("NotLoggedIn", { message: Schema.String }) {}
/** Bridge said no; `code` is its problem code. The caller does what the hint says. */
export class RefusedByBridge extends Schema.TaggedError<RefusedByBridge>()("RefusedByBridge", {
  code: Schema.String,
  message: Schema.String
}) {}
/** Nobody answers at the address. The caller starts Bridge, or corrects --url. */
export class NoAnswer extends Schema.TaggedError<NoAnswer>()("NoAnswer", { message: Schema.String }) {}

export class CliError extends Schema.TaggedError<CliError>()("CliError", {
  reason: Schema.Union([WrongUse, NotLoggedIn, RefusedByBridge, NoAnswer])
}) {
  override get message(): string {
    return this.reason.message
  }
  get exitCode(): number {
    return codeOf[this.reason._tag]
  }
}

const codeOf = {
  WrongUse: exitCodes.wrongUse,
  NotLoggedIn: exitCodes.notLoggedIn,
  RefusedByBridge: exitCodes.refused,
  NoAnswer: exitCodes.noAnswer
} as const

export const wrongUse = (message: string): CliError => new CliError({ reason: new WrongUse({ message }) })
export const notLoggedIn = (message: string): CliError => new CliError({ reason: new NotLoggedIn({ message }) })
export const refused = (code: string, message: string): CliError =>
  new CliError({ reason: new RefusedByBridge({ code, message }) })
export const noAnswer = (message: string): CliError => new CliError({ reason: new NoAnswer({ message }) })
