import type { ControlResult } from '@sallyport/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { type ReactElement, useEffect, useRef } from 'react';
import { Fault, Waiting } from '../parts/notice.tsx';
import { CONTROL_TONES, Status } from '../parts/status.tsx';
import { EvidenceTabs } from '../parts/tabs.tsx';
import { queries } from '../queries.ts';
import { ago, moment, plural } from '../words.ts';

const route = getRouteApi('/app/evidence');
const STATUSES = ['effective', 'partial', 'stale', 'failing', 'not assessed'] as const;

/** Every control with the evidence it rests on, its age, and what is missing. Nothing here can be typed. */
export function EvidencePage(): ReactElement {
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/evidence' });
  const { data: answer, error } = useQuery(queries.posture);
  const data = answer?.controls;
  const areas = [...new Set((data ?? []).map((control) => control.area))];
  const shown = (data ?? []).filter(
    (control) =>
      (search.area === undefined || control.area === search.area) &&
      (search.status === undefined || control.status === search.status),
  );
  const set = (change: object): void =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  return (
    <>
      <h1>Evidence</h1>
      <EvidenceTabs />
      {answer?.probing && <p role="status">Probes are running. Their results appear here as they finish.</p>}
      <form className="flex flex-wrap gap-4" aria-label="Filter" onSubmit={(event) => event.preventDefault()}>
        <label className="flex items-center gap-2 text-sm">
          Area
          <select
            className="input"
            value={search.area ?? ''}
            onChange={(event) => set({ area: event.target.value || undefined })}
          >
            <option value="">all</option>
            {areas.map((area) => (
              <option key={area}>{area}</option>
            ))}
          </select>
        </label>
        <label className="flex items-center gap-2 text-sm">
          State
          <select
            className="input"
            value={search.status ?? ''}
            onChange={(event) => set({ status: event.target.value || undefined })}
          >
            <option value="">all</option>
            {STATUSES.map((status) => (
              <option key={status}>{status}</option>
            ))}
          </select>
        </label>
        <p className="self-center text-sm text-muted" role="status">
          {plural(shown.length, 'control')}
        </p>
      </form>
      <Fault fault={error} />
      {data ? null : <Waiting what="the evidence" />}
      {areas
        .map((area) => [area, shown.filter((control) => control.area === area)] as const)
        .filter(([, own]) => own.length > 0)
        .map(([area, own]) => (
          <section key={area} className="panel grid gap-1" aria-labelledby={`area-${area}`}>
            <h2 id={`area-${area}`}>{area}</h2>
            {own.map((control) => (
              <ControlRow
                key={control.id}
                control={control}
                open={search.id === control.id}
                onOpen={(id) => set({ id })}
              />
            ))}
          </section>
        ))}
    </>
  );
}

function ControlRow({
  control,
  open,
  onOpen,
}: {
  control: ControlResult;
  open: boolean;
  onOpen: (id: string | undefined) => void;
}): ReactElement {
  const row = useRef<HTMLDetailsElement>(null);
  const linked = useRef(open);
  // An address that names a control leads to it.
  useEffect(() => {
    if (linked.current) row.current?.scrollIntoView({ block: 'center' });
  }, []);
  return (
    <details
      ref={row}
      open={open}
      className="border-b border-line py-1.5 last:border-0"
      onToggle={(event) =>
        event.currentTarget.open !== open && onOpen(event.currentTarget.open ? control.id : undefined)
      }
    >
      <summary className="flex cursor-pointer flex-wrap items-baseline gap-x-4">
        <code className="w-18">{control.id}</code>
        <span className="flex-1 font-medium">{control.practice}</span>
        <span className="text-sm text-muted">{control.severity}</span>
        {control.evidenceAt ? <span className="text-sm text-muted">{ago(control.evidenceAt)}</span> : null}
        <span className="w-32">
          <Status tone={CONTROL_TONES[control.status]}>{control.status}</Status>
        </span>
      </summary>
      <div className="grid gap-2 py-2 pl-4 text-sm">
        {control.evidence.length > 0 ? (
          <div>
            <h3>Evidence{control.evidenceAt ? `, newest of ${moment(control.evidenceAt)}` : ''}</h3>
            <ul className="list-disc pl-5">
              {control.evidence.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </div>
        ) : null}
        {control.missing.length > 0 ? (
          <div>
            <h3>Missing</h3>
            <ul className="list-disc pl-5">
              {control.missing.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </div>
        ) : null}
        {control.subject ? <p className="text-muted">Worst subject: {control.subject}</p> : null}
        {control.status === 'not assessed' ? (
          <p className="text-muted">This version has nothing that measures it yet.</p>
        ) : null}
      </div>
    </details>
  );
}
