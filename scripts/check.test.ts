import { describe, expect, it } from 'vitest'
import { run } from './workspace.ts'

describe('pnpm check', () => {
  it.each(['nonsense', 'constructor', 'toString'])('says of an unknown step that it is none: %s', async (step) => {
    const { status, output } = await run('node', ['scripts/check.ts', step])
    expect(output).toMatch(new RegExp(`^No such step: ${step}\\. Steps: lint, `))
    expect(status).toBe(1)
  })
})
