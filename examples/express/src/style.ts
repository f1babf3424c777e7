/** The style sheet of the pages: light and dark, from 320 px up. */

export const styleSheet = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f5f1, #16171a);
  --card: light-dark(#ffffff, #1f2125);
  --text: light-dark(#1d1e21, #ecebe7);
  --quiet: light-dark(#5d5f66, #a5a7ae);
  --line: light-dark(#dedcd4, #35383e);
  --accent: light-dark(#8a3b12, #f0a878);
  --on-accent: light-dark(#ffffff, #2a1206);
  --danger: light-dark(#a3202c, #ff9a9f);
  --alert: light-dark(#fdeceb, #3a1d1f);
  --good: light-dark(#1d6b45, #7fd4a8);
}
* { box-sizing: border-box; }
body {
  margin: 0;
  background: var(--ground);
  color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif;
}
main, header, footer { max-width: 54rem; margin: 0 auto; padding: 0 1rem; }
header { display: flex; gap: .5rem; align-items: center; padding-top: 1.5rem; min-height: 4.25rem; }
header strong { display: flex; align-items: center; gap: .6rem; margin-right: auto; }
header strong::before {
  content: "";
  width: 1.1rem;
  height: 1.1rem;
  border-radius: .2rem;
  background:
    linear-gradient(var(--accent) 0 0) 0 0 / 45% 45% no-repeat,
    linear-gradient(var(--accent) 0 0) 100% 0 / 45% 45% no-repeat,
    linear-gradient(var(--accent) 0 0) 0 100% / 45% 45% no-repeat,
    linear-gradient(var(--quiet) 0 0) 100% 100% / 45% 45% no-repeat;
}
h1 { margin: 1.75rem 0 .25rem; font-size: clamp(1.25rem, 5vw, 1.75rem); line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 0 0 .75rem; font-size: 1.15rem; }
.lead { margin: 0 0 1.5rem; color: var(--quiet); }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); align-items: start; }
.card { padding: 1.25rem; border: 1px solid var(--line); border-radius: .75rem; background: var(--card); margin-bottom: 1rem; }
.cards .card { margin: 0; }
.card > :last-child { margin-bottom: 0; }
.cards + .card, .cards + .cards { margin-top: 1rem; }
label { display: block; margin-bottom: .9rem; font-weight: 600; }
label.inline { display: flex; gap: .6rem; align-items: center; font-weight: 400; }
input:not([type=checkbox]) {
  display: block;
  width: 100%;
  margin-top: .25rem;
  padding: .55rem .7rem;
  border: 1px solid light-dark(#8d8b84, #71747c);
  border-radius: .4rem;
  background: var(--ground);
  color: inherit;
  font: inherit;
  font-weight: 400;
}
input[type=checkbox] { width: 1.15rem; height: 1.15rem; margin: 0; accent-color: var(--accent); }
.hint { display: block; margin-top: .25rem; color: var(--quiet); font-size: .875rem; font-weight: 400; }
button, .button {
  white-space: nowrap;
  display: inline-block;
  min-height: 2.75rem;
  padding: .55rem 1.1rem;
  border: 1px solid var(--accent);
  border-radius: .4rem;
  background: var(--accent);
  color: var(--on-accent);
  font: inherit;
  font-weight: 600;
  text-align: center;
  text-decoration: none;
  cursor: pointer;
}
header button, .devices button { padding-inline: .8rem; }
.wide { width: 100%; white-space: normal; }
.danger { white-space: normal; }
.plain { background: transparent; border-color: var(--line); color: inherit; }
.danger { background: transparent; border-color: var(--danger); color: var(--danger); }
button:hover, .button:hover { filter: brightness(1.08); }
.plain:hover { border-color: var(--quiet); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.notice { margin: 1.5rem 0; padding: .9rem 1.1rem; border-left: .3rem solid var(--danger); border-radius: .4rem; background: var(--alert); }
.notice ul { margin: .25rem 0 0; padding-left: 1.2rem; }
.devices { list-style: none; margin: 0 0 1rem; padding: 0; }
.devices li { display: flex; gap: .75rem; align-items: center; padding: .85rem 0; border-top: 1px solid var(--line); }
.devices li:first-child { border-top: 0; padding-top: 0; }
.devices .about { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.devices b { display: block; }
.badge { margin-left: .4rem; padding: .05rem .5rem; border: 1px solid var(--good); border-radius: 1rem; color: var(--good); font-size: .8rem; font-weight: 600; white-space: nowrap; }
.quiet { color: var(--quiet); font-size: .925rem; }
.or { display: flex; align-items: center; gap: .75rem; margin: 1.1rem 0; color: var(--quiet); font-size: .875rem; }
.or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--line); }
pre {
  margin: 0 0 .5rem;
  padding: .8rem;
  max-height: 9rem;
  overflow: auto;
  border: 1px solid var(--line);
  border-radius: .4rem;
  background: var(--ground);
  font: .85rem/1.45 ui-monospace, monospace;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}
summary { font-weight: 600; cursor: pointer; }
details[open] summary { margin-bottom: .75rem; }
footer { padding-top: 1rem; padding-bottom: 2rem; color: var(--quiet); font-size: .875rem; }
a { color: var(--accent); }
a.button { color: var(--on-accent); }
a.button.plain { color: inherit; }
`.trim()
