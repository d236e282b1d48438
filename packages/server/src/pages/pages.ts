import type { ControlResult } from '@sallyport/core';
import { html, raw } from 'hono/html';
import type { KnownSystem } from '../snapshot.ts';

type Markup = ReturnType<typeof html>;

function page(title: string, content: Markup): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Sallyport</title>
<link rel="stylesheet" href="/style.css">
</head>
<body><main>${content}</main></body>
</html>`;
}

const problem = (text: string | null): Markup | string =>
  text === null ? '' : html`<p class="problem" role="alert">${text}</p>`;

/** Where an administrator signs in; says nothing about the installation. */
export function loginPage(message: string | null): Markup {
  return page(
    'Sign in',
    html`<h1>Sallyport</h1>${problem(message)}
<form method="post" action="/sign-in">
<label>Name <input name="name" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button>
</form>
<p class="quiet">No account yet? Use the set-up link that <code>npm start</code> printed.</p>`,
  );
}

/** Where the set-up link leads: the first administrator chooses a name and a password. */
export function setupPage(token: string, message: string | null, lifeMs: number): Markup {
  return page(
    'Set up',
    html`<h1>Create the first administrator</h1>${problem(message)}
<form method="post" action="/setup">
<input type="hidden" name="token" value="${token}">
<label>Name <input name="name" autocomplete="username" required pattern="[A-Za-z0-9_.@+\\-]{1,64}"></label>
<label>Password <input name="password" type="password" autocomplete="new-password" minlength="15" maxlength="256" required></label>
<p class="quiet">At least 15 characters; a few words in a row do well. This link works once, for ${lifeMs / 60_000} minutes.</p>
<button>Create</button>
</form>`,
  );
}

/** What the status page shows. */
export interface Status {
  readonly admin: string;
  readonly systems: readonly KnownSystem[];
  readonly exchanges: readonly {
    id: string;
    at: string;
    system: string | null;
    outcome: string | null;
    code: string | null;
    action: string;
    wouldBe: string;
    detections: readonly { detector: string; technique: string }[];
  }[];
  readonly controls: readonly ControlResult[];
  readonly observations: readonly {
    system: string;
    exchanges: number;
    wouldHaveDenied: number;
    denied: number;
  }[];
  readonly ledger: { readonly size: number; readonly root: Buffer };
}

const ORDER = ['failing', 'stale', 'partial', 'effective', 'not assessed'] as const;

/** One page that says how things stand. */
export function statusPage(status: Status): Markup {
  const lit = status.controls
    .filter((control) => control.status !== 'not assessed')
    .sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  const counts = ORDER.map(
    (name) => `${status.controls.filter((control) => control.status === name).length} ${name}`,
  ).join(', ');
  return page(
    'Status',
    html`<header><h1>Sallyport</h1><form method="post" action="/sign-out"><span>${status.admin}</span> <button>Sign out</button></form></header>
<section><h2>Systems</h2><table><thead><tr><th>Name<th>Dialect<th>Mode<th>Calls<th>Denied<th>Would have blocked</thead><tbody>
${status.systems.map((system) => {
  const seen = status.observations.find((one) => one.system === system.name);
  return html`<tr><td>${system.name}${system.demo ? raw(' <span class="tag">demonstration</span>') : ''}<td>${system.config.dialect}<td>${system.config.mode}<td>${seen?.exchanges ?? 0}<td>${seen?.denied ?? 0}<td>${seen?.wouldHaveDenied ?? 0}`;
})}</tbody></table></section>
<section><h2>Latest calls</h2><table><thead><tr><th>When<th>Exchange<th>System<th>Outcome<th>Verdict<th>Detections</thead><tbody>
${status.exchanges.map((one) => html`<tr><td><time>${one.at}</time><td><code>${one.id}</code><td>${one.system ?? ''}<td>${one.outcome ?? 'in flight'} ${one.code ?? ''}<td>${one.action}${one.wouldBe === one.action ? '' : ` (would be ${one.wouldBe})`}<td>${[...new Set(one.detections.map((d) => `${d.detector}/${d.technique}`))].join(', ')}`)}</tbody></table></section>
<section><h2>Posture</h2><p>${counts}</p><table><thead><tr><th>Control<th>Practice<th>Status<th>Evidence<th>Missing</thead><tbody>
${lit.map((control) => html`<tr><td>${control.id}<td>${control.practice}<td class="s-${control.status}">${control.status}<td>${control.evidence.join('; ')}<td>${control.missing.join('; ')}`)}</tbody></table></section>
<section><h2>Record</h2><p>${status.ledger.size} entries under the newest checkpoint, root <code>${status.ledger.root.toString('base64')}</code>. Verify it yourself: <code>npx sallyport ledger verify</code></p></section>`,
  );
}

/** The only style sheet. */
export const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0}main{max-width:72rem;margin:0 auto;padding:1.5rem}
header{display:flex;justify-content:space-between;align-items:center}
table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8885;vertical-align:top}
label{display:block;margin:.8rem 0}input{font:inherit;padding:.3rem;width:100%;max-width:24rem;display:block}
button{font:inherit;padding:.3rem 1rem}code{font-size:.85em;overflow-wrap:anywhere}
.problem{color:#b00020}.quiet{opacity:.75}.tag{border:1px solid;border-radius:.3rem;padding:0 .3rem;font-size:.75em}
.s-failing{color:#b00020;font-weight:600}.s-effective{color:#0a7d33}@media(prefers-color-scheme:dark){.problem,.s-failing{color:#ff8a80}.s-effective{color:#7ddc9a}}
`;
