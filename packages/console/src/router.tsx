import { createRootRoute, createRoute, createRouter, Link, Outlet } from '@tanstack/react-router';
import { AccessLogPage } from './pages/access-log.tsx';
import { AccountPage } from './pages/account.tsx';
import { AiUsePage } from './pages/ai-use.tsx';
import { EvidencePage } from './pages/evidence.tsx';
import { FindingsPage } from './pages/findings.tsx';
import { FirstHourPage } from './pages/first-hour.tsx';
import { GuardPage } from './pages/guard.tsx';
import { IntegrationsPage } from './pages/integrations.tsx';
import { InventoryPage } from './pages/inventory.tsx';
import { KeysPage } from './pages/keys.tsx';
import { AssetPage } from './pages/model.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { PeoplePage } from './pages/people.tsx';
import { PoliciesPage } from './pages/policies.tsx';
import { ProgramsPage } from './pages/programs.tsx';
import { ReviewsPage } from './pages/reviews.tsx';
import { SetupPage, SignInPage } from './pages/sign-in.tsx';
import { SourcesPage } from './pages/sources.tsx';
import { SystemPage, SystemsPage } from './pages/systems.tsx';
import { TrafficPage } from './pages/traffic.tsx';
import { Shell } from './shell.tsx';

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const root = createRootRoute({
  component: Outlet,
  notFoundComponent: () => (
    <main className="p-6">
      <h1>There is no such page</h1>
      <Link to="/" className="link">
        Overview
      </Link>
    </main>
  ),
});
const app = createRoute({ getParentRoute: () => root, id: 'app', component: Shell });

const overview = createRoute({
  getParentRoute: () => app,
  path: '/',
  component: OverviewPage,
  validateSearch: (search): { minutes?: number | undefined } => {
    const minutes = Number(search['minutes']);
    return Number.isInteger(minutes) && minutes > 0 && minutes <= 44_640 ? { minutes } : {};
  },
});
const traffic = createRoute({
  getParentRoute: () => app,
  path: '/traffic',
  component: TrafficPage,
  validateSearch: (
    search,
  ): {
    system?: string | undefined;
    outcome?: string | undefined;
    wouldBe?: string | undefined;
    detector?: string | undefined;
    actor?: string | undefined;
    synthetic?: string | undefined;
    id?: string | undefined;
  } => ({
    system: text(search['system']),
    outcome: text(search['outcome']),
    wouldBe: text(search['wouldBe']),
    detector: text(search['detector']),
    actor: text(search['actor']),
    synthetic: search['synthetic'] === 'all' ? 'all' : undefined,
    id: text(search['id']),
  }),
});
const systems = createRoute({ getParentRoute: () => app, path: '/systems', component: SystemsPage });
const system = createRoute({ getParentRoute: () => app, path: '/systems/$name', component: SystemPage });
const inventory = createRoute({
  getParentRoute: () => app,
  path: '/systems/inventory',
  component: InventoryPage,
});
const asset = createRoute({
  getParentRoute: () => app,
  path: '/systems/inventory/$kind/$name',
  component: AssetPage,
});
const sources = createRoute({ getParentRoute: () => app, path: '/systems/sources', component: SourcesPage });
const aiUse = createRoute({ getParentRoute: () => app, path: '/systems/ai-use', component: AiUsePage });
const findings = createRoute({
  getParentRoute: () => app,
  path: '/findings',
  component: FindingsPage,
  validateSearch: (search): { id?: string | undefined; show?: string | undefined } => ({
    id: text(search['id']),
    show: text(search['show']),
  }),
});
const evidence = createRoute({
  getParentRoute: () => app,
  path: '/evidence',
  component: EvidencePage,
  validateSearch: (
    search,
  ): { area?: string | undefined; status?: string | undefined; id?: string | undefined } => ({
    area: text(search['area']),
    status: text(search['status']),
    id: text(search['id']),
  }),
});
const keys = createRoute({ getParentRoute: () => app, path: '/evidence/keys', component: KeysPage });
const guard = createRoute({
  getParentRoute: () => app,
  path: '/guard',
  component: GuardPage,
  validateSearch: (search): { channel?: string | undefined } => ({ channel: text(search['channel']) }),
});
const start = createRoute({ getParentRoute: () => app, path: '/start', component: FirstHourPage });
const people = createRoute({
  getParentRoute: () => app,
  path: '/people',
  component: PeoplePage,
  validateSearch: (search): { id?: string | undefined } => ({ id: text(search['id']) }),
});
const policies = createRoute({
  getParentRoute: () => app,
  path: '/people/policies',
  component: PoliciesPage,
});
const programs = createRoute({
  getParentRoute: () => app,
  path: '/people/programs',
  component: ProgramsPage,
});
const integrations = createRoute({
  getParentRoute: () => app,
  path: '/people/integrations',
  component: IntegrationsPage,
});
const reviews = createRoute({
  getParentRoute: () => app,
  path: '/people/reviews',
  component: ReviewsPage,
  validateSearch: (search): { id?: string | undefined } => ({ id: text(search['id']) }),
});
const accessLog = createRoute({
  getParentRoute: () => app,
  path: '/people/access-log',
  component: AccessLogPage,
  validateSearch: (search): { kind?: string | undefined; actor?: string | undefined } => ({
    kind: text(search['kind']),
    actor: text(search['actor']),
  }),
});
const account = createRoute({ getParentRoute: () => app, path: '/account', component: AccountPage });
const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: SignInPage,
  validateSearch: (
    search,
  ): {
    next?: string | undefined;
    fault?: string | undefined;
    with?: 'provider' | 'answer' | undefined;
    answer?: string | undefined;
  } => ({
    next: text(search['next']),
    with: (['provider', 'answer'] as const).find((one) => one === search['with']),
    answer: text(search['answer']),
    fault: text(search['fault']),
  }),
});
const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: SetupPage,
});

/** Every page and its address; what a page shows is in its address. */
export const router = createRouter({
  routeTree: root.addChildren([
    app.addChildren([
      overview,
      traffic,
      systems,
      system,
      inventory,
      asset,
      sources,
      aiUse,
      findings,
      guard,
      people,
      policies,
      programs,
      integrations,
      reviews,
      accessLog,
      account,
      evidence,
      keys,
      start,
    ]),
    signIn,
    setup,
  ]),
  // Tokens and ids are text, even where they look like numbers.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(search))
      if (value !== undefined && value !== '') params.set(name, String(value));
    const line = params.toString();
    return line === '' ? '' : `?${line}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
