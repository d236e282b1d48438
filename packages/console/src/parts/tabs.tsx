import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';

const PEOPLE = [
  ['/people', 'People'],
  ['/people/programs', 'Programs'],
  ['/people/integrations', 'Integrations'],
  ['/people/policies', 'Policies'],
  ['/people/reviews', 'Reviews'],
  ['/people/access-log', 'Access log'],
] as const;
const SYSTEMS = [
  ['/systems', 'Systems'],
  ['/systems/inventory', 'Inventory'],
  ['/systems/sources', 'Data sources'],
  ['/systems/ai-use', 'AI use'],
] as const;

const EVIDENCE = [
  ['/evidence', 'Controls'],
  ['/evidence/keys', 'Keys'],
] as const;

function Tabs({
  label,
  tabs,
}: {
  label: string;
  tabs: typeof PEOPLE | typeof SYSTEMS | typeof EVIDENCE;
}): ReactElement {
  return (
    <nav aria-label={label} className="flex flex-wrap gap-4 border-b border-line">
      {tabs.map(([to, word]) => (
        <Link
          key={to}
          to={to}
          className="py-1 text-muted"
          activeProps={{ className: 'py-1 font-semibold text-ink! border-b-2 border-accent' }}
          activeOptions={{ exact: true, includeSearch: false }}
        >
          {word}
        </Link>
      ))}
    </nav>
  );
}

/** The tabs of what concerns people and what they may do. */
export const PeopleTabs = (): ReactElement => <Tabs label="People" tabs={PEOPLE} />;

/** The tabs of what is proven, and of the keys that it rests on. */
export const EvidenceTabs = (): ReactElement => <Tabs label="Evidence" tabs={EVIDENCE} />;

/** The tabs of what there is: systems, models, data, and what nobody registered. */
export const SystemTabs = (): ReactElement => <Tabs label="Systems" tabs={SYSTEMS} />;
