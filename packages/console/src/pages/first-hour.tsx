import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactElement, type ReactNode, useEffect, useState } from 'react';
import type { FirstHour } from '../api.ts';
import { useLive } from '../live.ts';
import { BlockedReport } from '../parts/blocked-report.tsx';
import { Connection } from '../parts/connection.tsx';
import { Copyable } from '../parts/copy.tsx';
import { KeyForm } from '../parts/key-form.tsx';
import { ModeSwitch } from '../parts/mode-switch.tsx';
import { Fault, Waiting } from '../parts/notice.tsx';
import { Status } from '../parts/status.tsx';
import { SystemForm } from '../parts/system-form.tsx';
import { queries } from '../queries.ts';
import { moment } from '../words.ts';

const TITLES = {
  connect: 'Connect a system',
  key: 'Make a key',
  call: 'See the first call',
  report: 'Read what would have been blocked',
  enforce: 'Enforce',
} as const;

/** Where the gateway is, unless it is set otherwise. */
const GATEWAY = 'http://127.0.0.1:8080';

/** Pause between two looks at whether a system is connected, in milliseconds. */
const CONNECT_MS = 5_000;

/** What clients want as their base URL: some add the version to it, some do not. */
const BASE_OF = {
  openai: 'the base URL of an OpenAI client, with /v1',
  anthropic: 'the base URL of an Anthropic client, without /v1',
  ollama: 'the host of an Ollama client',
  oip: 'the address of an Open Inference Protocol client, without /v2',
} as const;

/** The base URL that a client of a dialect is given. */
const baseUrl = (gateway: string, dialect: string): string =>
  dialect === 'openai' ? `${gateway}/v1` : gateway;

/** A first call, ready to paste, in the dialect of the system. */
function firstCall(gateway: string, dialect: string, system: string, key: string): string {
  const shared = `-H 'authorization: Bearer ${key}' -H 'content-type: application/json'`;
  const messages = '"messages":[{"role":"user","content":"Hello"}]';
  if (dialect === 'anthropic')
    return `curl ${gateway}/s/${system}/v1/messages ${shared} -H 'anthropic-version: 2023-06-01' -d '{"model":"MODEL","max_tokens":100,${messages}}'`;
  if (dialect === 'ollama')
    return `curl ${gateway}/s/${system}/api/chat ${shared} -d '{"model":"MODEL","stream":false,${messages}}'`;
  if (dialect === 'oip')
    return `curl ${gateway}/s/${system}/v2/models/MODEL/infer ${shared} -d '{"inputs":[{"name":"input","shape":[1,1],"datatype":"FP32","data":[0]}]}'`;
  return `curl ${gateway}/s/${system}/v1/chat/completions ${shared} -d '{"model":"MODEL",${messages}}'`;
}

/** The guided first hour: from nothing to a system behind closed gates. Each step is done when the record shows it. */
export function FirstHourPage(): ReactElement {
  // While no system answers, a command or the server may mend it meanwhile.
  const { data, error } = useQuery({
    ...queries.firstHour,
    refetchInterval: ({ state }) => (state.data?.steps[0]?.done ? false : CONNECT_MS),
  });
  const name = data?.steps[0]?.system ?? null;
  const systems = useQuery(queries.systems);
  const client = useQueryClient();
  const unread =
    name !== null && systems.data !== undefined && !systems.data.some((one) => one.name === name);
  useEffect(() => {
    if (unread) void client.invalidateQueries({ queryKey: queries.systems.queryKey });
  }, [client, unread]);
  const [key, setKey] = useState<string | null>(null);
  useLive();
  if (error) return <Fault fault={error} />;
  if (!data) return <Waiting what="the steps" />;
  const current = data.steps.find((step) => !step.done)?.id ?? null;
  const system = systems.data?.find((one) => one.name === name);
  const bodies: Record<FirstHour['steps'][number]['id'], ReactNode> = {
    connect: name ? (
      <>
        <p>
          Mend what keeps{' '}
          <Link to="/systems/$name" params={{ name }} className="link">
            {name}
          </Link>{' '}
          from answering, and test it again or call once more.
        </p>
        <Connection system={name} />
      </>
    ) : (
      <SystemForm onDone={() => {}} />
    ),
    key: name ? <KeyForm system={name} onIssued={setKey} /> : null,
    call:
      name && system ? (
        <div className="grid gap-2">
          <p>
            Point your program at <code>{baseUrl(data.gatewayUrl ?? GATEWAY, system.dialect)}</code> (
            {BASE_OF[system.dialect]}) with the key, or paste this with a model of yours in place of MODEL:
          </p>
          <Copyable
            label="A first call"
            text={firstCall(data.gatewayUrl ?? GATEWAY, system.dialect, name, key ?? 'KEY')}
          />
          <p className="text-muted" role="status">
            Waiting for the first call to {name} …
          </p>
        </div>
      ) : null,
    report: name ? <ReadReport system={name} /> : null,
    enforce:
      name && system ? (
        <div className="grid gap-3">
          <BlockedReport system={name} />
          <div>
            <ModeSwitch system={system} />
          </div>
        </div>
      ) : null,
  };
  return (
    <>
      <h1>First hour</h1>
      {data.completedAt ? (
        <p className="panel" role="status">
          Done on {moment(data.completedAt)}. What remains is in{' '}
          <Link to="/evidence" search={{}} className="link">
            Evidence
          </Link>
          , in plain words.
        </p>
      ) : (
        <p>
          From nothing to a system behind closed gates. Each step is done when the record shows it, and is not
          ticked off by hand.
        </p>
      )}
      <ol className="grid gap-3">
        {data.steps.map((step, i) => (
          <li
            key={step.id}
            className="panel grid gap-3"
            aria-current={step.id === current ? 'step' : undefined}
          >
            <div className="flex flex-wrap items-baseline justify-between gap-3">
              <h2>
                {i + 1}. {TITLES[step.id]}
              </h2>
              <Status tone={step.done ? 'good' : step.id === current ? 'warn' : 'idle'}>
                {step.done ? 'done' : step.id === current ? 'now' : 'later'}
              </Status>
            </div>
            <p className="text-muted">{step.detail.replaceAll('`', '')}</p>
            {step.id === 'key' && step.done && key ? <Copyable label="The new key" text={key} /> : null}
            {step.id === current ? bodies[step.id] : null}
          </li>
        ))}
      </ol>
    </>
  );
}

function ReadReport({ system }: { system: string }): ReactElement {
  const [open, setOpen] = useState(false);
  return open ? (
    <BlockedReport system={system} />
  ) : (
    <div>
      <button type="button" className="button main" onClick={() => setOpen(true)}>
        Read the report
      </button>
    </div>
  );
}
