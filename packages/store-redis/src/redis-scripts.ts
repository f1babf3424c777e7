/** The scripts. Each touches the one key that it is given, so that a Cluster can run it. */
import { createScript, type Script } from './redis-client.js'

/**
 * The last two arguments of a write: where its message goes (empty: nowhere), and what it says. It is sent before the write,
 * which nobody can see in between: a user who may not publish there then gets an error and has written nothing.
 */
const publish = `
local function publish(channel, message)
  if channel ~= '' then redis.call('PUBLISH', channel, message) end
end
local function write(key, text, dropAt)
  if dropAt == '' then redis.call('SET', key, text)
  else redis.call('SET', key, text, 'EXAT', dropAt) end
end`

/**
 * Text, what its line ends with, when to drop it (empty: never), channel, message. 1: written, or it was when this same
 * command came before, from a client that lost the answer; 0: the key exists.
 */
export const insertScript: Script = createScript(`${publish}
if redis.call('EXISTS', KEYS[1]) == 1 then
  local line = string.match(redis.call('GETRANGE', KEYS[1], 0, 4095), '^[^\\n]*')
  if string.sub(line, -#ARGV[2]) == ARGV[2] then return 1 end
  return 0
end
publish(ARGV[4], ARGV[5])
write(KEYS[1], ARGV[1], ARGV[3])
return 1`)

/**
 * Prefix expected, new prefix, new expiry (or null), value, when to drop it, '1' if the owner's index has the new
 * expiry, channel, message. 1: written, or it was when this same command came before; 0: changed or gone; a text:
 * nothing was written, as the record has an owner and its index must have the new expiry first. The text is '+' and the
 * line's end, from the owner on.
 *
 * The value is not read: it can be large, and the line is at most some 2,000 bytes.
 */
export const replaceScript: Script = createScript(`${publish}
local found = redis.call('GETRANGE', KEYS[1], 0, 4095)
local expected = ARGV[1]
if string.sub(found, 1, #expected) ~= expected then
  if string.sub(found, 1, #ARGV[2]) == ARGV[2] then return 1 end
  return 0
end
local expires, rest = string.match(found, '^([^,]*),([^\\n]*)\\n', #expected + 1)
local later = expires ~= 'null' and (ARGV[3] == 'null' or tonumber(ARGV[3]) > tonumber(expires))
if later and ARGV[6] ~= '1' and string.sub(rest, 1, 5) ~= 'null,' then return '+' .. rest end
publish(ARGV[7], ARGV[8])
write(KEYS[1], ARGV[2] .. ARGV[3] .. ',' .. rest .. '\\n' .. ARGV[4], ARGV[5])
return 1`)

/** Prefix expected (empty: any), channel, message. 1: removed; 0: changed or gone. */
export const removeScript: Script = createScript(`${publish}
local expected = ARGV[1]
if expected ~= '' and redis.call('GETRANGE', KEYS[1], 0, #expected - 1) ~= expected then return 0 end
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
publish(ARGV[2], ARGV[3])
redis.call('DEL', KEYS[1])
return 1`)

/** What ended more than the grace ago by the server's clock is gone from its own key too. */
const prune = `
local gone = redis.call('TIME')[1] - ARGV[1]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%d', gone))`

/**
 * Grace seconds, score, member. Puts a member into an owner's index, or raises its score: a score that was lowered by
 * somebody slow could hide a living record. The index itself lives as long as its last member.
 */
export const indexScript: Script = createScript(`${prune}
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[3])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
if last == 'inf' then redis.call('PERSIST', KEYS[1])
else redis.call('EXPIREAT', KEYS[1], string.format('%d', last + ARGV[1] + 1)) end
return 1`)

/** Grace seconds. The members of an owner's index. */
export const listScript: Script = createScript(`${prune}
return redis.call('ZRANGE', KEYS[1], 0, -1)`)
