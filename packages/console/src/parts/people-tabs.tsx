import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';

const TABS = [
  ['/people', 'People'],
  ['/people/programs', 'Programs'],
  ['/people/integrations', 'Integrations'],
  ['/people/policies', 'Policies'],
  ['/people/reviews', 'Reviews'],
  ['/people/access-log', 'Access log'],
] as const;

/** The tabs of what concerns people and what they may do. */
export function PeopleTabs(): ReactElement {
  return (
    <nav aria-label="People" className="flex flex-wrap gap-4 border-b border-line">
      {TABS.map(([to, label]) => (
        <Link
          key={to}
          to={to}
          className="py-1 text-muted"
          activeProps={{ className: 'py-1 font-semibold text-ink! border-b-2 border-accent' }}
          activeOptions={{ exact: true, includeSearch: false }}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}
