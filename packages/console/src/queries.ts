import type { ControlResult } from '@sallyport/core';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type {
  AccessEntry,
  Account,
  Integrations,
  Person,
  Policies,
  Program,
  Review,
  ReviewItem,
  Session,
} from './accounts.ts';
import {
  type Alert,
  api,
  type Exchange,
  type ExchangeProof,
  type Expired,
  type FirstHour,
  type Guard,
  type Key,
  lookForIt,
  type Nameable,
  type Observation,
  type Price,
  query,
  type Reach,
  type Report,
  type System,
  type Traffic,
} from './api.ts';
import type {
  AiUse,
  Assessment,
  AssetPage,
  DataSource,
  FindingView,
  InventoryList,
  Lineage,
  Scans,
} from './inventory-types.ts';
import type { Backups, TlsState, Vault } from './vault-types.ts';

/** Rows that one request of the traffic list brings. */
export const PAGE_ROWS = 100;
const MINUTE = 60_000;
/** While something is under way. */
const PROGRESS = 1_000;

/** What of the traffic is shown; part of the address. */
export interface TrafficFilter {
  readonly system?: string | undefined;
  readonly outcome?: string | undefined;
  readonly wouldBe?: string | undefined;
  readonly detector?: string | undefined;
  /** Who called, as the record has it. */
  readonly actor?: string | undefined;
  /** `all` shows calls of our own probes too. */
  readonly synthetic?: string | undefined;
}

const session = queryOptions({
  queryKey: ['session'],
  queryFn: () => api.get<Session>('/session'),
  retry: false,
  staleTime: MINUTE,
});
const reach = queryOptions({
  queryKey: ['reach'],
  queryFn: lookForIt,
  retry: false,
  refetchInterval: MINUTE / 12,
});
const systems = queryOptions({
  queryKey: ['systems'],
  queryFn: async () => (await api.get<{ systems: System[] }>('/systems')).systems,
});
const nameable = queryOptions({
  queryKey: ['secret-origins'],
  queryFn: async () => (await api.get<{ nameable: Nameable }>('/secret-origins')).nameable,
  // Who may not see it names what they know.
  retry: false,
});
const keys = queryOptions({
  queryKey: ['keys'],
  queryFn: async () => (await api.get<{ keys: Key[] }>('/keys')).keys,
});
const posture = queryOptions({
  queryKey: ['posture'],
  queryFn: () => api.refresh<{ controls: ControlResult[]; probing: boolean }>('/posture'),
  refetchInterval: (query) => (query.state.data?.probing ? PROGRESS : MINUTE),
});
const alerts = queryOptions({
  queryKey: ['alerts'],
  queryFn: async () => (await api.refresh<{ alerts: Alert[] }>('/alerts')).alerts,
  refetchInterval: MINUTE / 4,
});
const prices = queryOptions({
  queryKey: ['prices'],
  queryFn: async () => {
    const { prices, systems } = await api.refresh<{ prices: Price[]; systems: Omit<Price, 'model'>[] }>(
      '/prices',
    );
    return [...prices, ...systems.map((row) => ({ ...row, model: 'any other' }))];
  },
});
const observations = queryOptions({
  queryKey: ['traffic', 'observations'],
  queryFn: async () => (await api.refresh<{ observations: Observation[] }>('/observations')).observations,
});
const firstHour = queryOptions({
  queryKey: ['traffic', 'first-hour'],
  queryFn: () => api.refresh<FirstHour>('/first-hour'),
});

const guard = queryOptions({
  queryKey: ['guard'],
  queryFn: () => api.refresh<Guard>('/guard'),
});
const account = queryOptions({ queryKey: ['account'], queryFn: () => api.get<Account>('/account') });
const people = queryOptions({
  queryKey: ['people'],
  queryFn: async () => (await api.get<{ people: Person[] }>('/people')).people,
});
const programs = queryOptions({
  queryKey: ['programs'],
  queryFn: async () => (await api.get<{ programs: Program[] }>('/programs')).programs,
});
const integrations = queryOptions({
  queryKey: ['integrations'],
  queryFn: () => api.get<Integrations>('/integrations'),
});
const reviews = queryOptions({
  queryKey: ['reviews'],
  queryFn: () => api.get<{ reviews: Review[]; deciding: number }>('/reviews'),
});
const findings = queryOptions({
  queryKey: ['findings'],
  queryFn: () => api.refresh<{ findings: FindingView[]; leftOut: number }>('/findings'),
  refetchInterval: MINUTE,
});
const inventory = queryOptions({
  queryKey: ['inventory'],
  queryFn: () => api.get<InventoryList>('/inventory'),
});
const aiUses = queryOptions({
  queryKey: ['ai-uses'],
  queryFn: () => api.get<{ uses: AiUse[]; leftOut: number; services: Record<string, string> }>('/ai-uses'),
});
const scans = queryOptions({ queryKey: ['scans'], queryFn: () => api.get<Scans>('/scans') });
const sources = queryOptions({
  queryKey: ['sources'],
  queryFn: async () => (await api.get<{ sources: DataSource[] }>('/sources')).sources,
});
const assessments = queryOptions({
  queryKey: ['integrations', 'assessments'],
  queryFn: async () => (await api.get<{ assessments: Assessment[] }>('/assessments')).assessments,
});
const vault = queryOptions({
  queryKey: ['vault'],
  queryFn: () => api.refresh<Vault>('/vault'),
  refetchInterval: (query) => (query.state.data?.progress ? PROGRESS : MINUTE),
});
const backups = queryOptions({ queryKey: ['backups'], queryFn: () => api.refresh<Backups>('/backups') });
const tls = queryOptions({
  queryKey: ['tls'],
  queryFn: async () => (await api.get<{ endpoints: TlsState[] }>('/tls')).endpoints,
  staleTime: MINUTE,
});
const policies = queryOptions({ queryKey: ['policies'], queryFn: () => api.get<Policies>('/policies') });

/**
 * Everything the console reads, by name. Keys that begin with `traffic` are read again when new calls are recorded.
 */
export const queries = {
  session,
  systems,
  nameable,
  keys,
  posture,
  alerts,
  reach,
  observations,
  prices,
  firstHour,
  guard,
  account,
  people,
  policies,
  programs,
  integrations,
  reviews,
  findings,
  inventory,
  aiUses,
  vault,
  backups,
  tls,
  scans,
  sources,
  assessments,
  asset: (kind: string, name: string) =>
    queryOptions({
      queryKey: ['inventory', kind, name],
      queryFn: () => api.get<AssetPage>(`/inventory/${kind}/${encodeURIComponent(name)}`),
    }),
  lineage: (node: string) =>
    queryOptions({
      queryKey: ['inventory', 'lineage', node],
      queryFn: () => api.get<Lineage>(`/lineage${query({ node })}`),
    }),
  review: (id: string) =>
    queryOptions({
      queryKey: ['reviews', id],
      queryFn: () => api.get<{ review: Review; items: ReviewItem[]; digest: string }>(`/reviews/${id}`),
    }),
  accessLog: (kind: string, actor: string | undefined) =>
    queryOptions({
      queryKey: ['access-log', kind, actor],
      queryFn: async () =>
        (await api.get<{ entries: AccessEntry[] }>(`/access-log${query({ kind, actor, limit: 200 })}`))
          .entries,
      placeholderData: keepPreviousData,
    }),
  traffic: (minutes: number) =>
    queryOptions({
      queryKey: ['traffic', 'buckets', minutes],
      queryFn: () => api.refresh<Traffic>(`/traffic${query({ minutes })}`),
      refetchInterval: MINUTE / 2,
      placeholderData: keepPreviousData,
    }),
  count: (filter: TrafficFilter) =>
    queryOptions({
      queryKey: ['count', filter],
      queryFn: () =>
        api.refresh<{ total: number; newest: string | null; expired: Expired | null }>(
          `/exchanges/count${query({ ...filter })}`,
        ),
      placeholderData: keepPreviousData,
    }),
  page: (filter: TrafficFilter, until: string, page: number) =>
    queryOptions({
      queryKey: ['page', filter, until, page],
      queryFn: async () =>
        (
          await api.refresh<{ exchanges: Exchange[] }>(
            `/exchanges${query({ ...filter, until, offset: page * PAGE_ROWS, limit: PAGE_ROWS })}`,
          )
        ).exchanges,
      staleTime: 5 * MINUTE,
    }),
  exchange: (id: string) =>
    queryOptions({
      queryKey: ['exchange', id],
      queryFn: () => api.get<ExchangeProof>(`/exchanges/${encodeURIComponent(id)}`),
    }),
  /** How a system is reached: asked when somebody asks, and kept until they ask again. */
  connection: (system: string) =>
    queryOptions({
      queryKey: ['connection', system],
      queryFn: async () =>
        (await api.post<{ connections: Reach[] }>(`/systems/${encodeURIComponent(system)}/connection`, {}))
          .connections,
      enabled: false,
      retry: false,
      staleTime: Number.POSITIVE_INFINITY,
    }),
  report: (system: string) =>
    queryOptions({
      queryKey: ['report', system],
      queryFn: () => api.get<Report>(`/systems/${encodeURIComponent(system)}/report`),
      staleTime: 10_000,
    }),
};
