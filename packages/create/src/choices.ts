/** What can be chosen. */

/** The frameworks that there is a starter for. */
export const frameworks = ['express', 'fastify', 'next'] as const
/** One of them. */
export type Framework = (typeof frameworks)[number]

/** Where users and sessions are kept. */
export const databases = ['sqlite', 'postgres', 'mysql'] as const
/** One of them. */
export type Database = (typeof databases)[number]

/** Reads a choice from a text; `null` for what is none. */
export function choiceOf<Choice extends string>(choices: readonly Choice[], text: string): Choice | null {
  return choices.find((choice) => choice === text.trim().toLowerCase()) ?? null
}
