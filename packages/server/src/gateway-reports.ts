import { newEvent } from '@sallyport/core';
import type { GatewayPoolOptions } from '@sallyport/gateway';
import type { Control } from './control.ts';
import { isInForce } from './in-force.ts';
import { log } from './log.ts';

type Reports = Pick<
  GatewayPoolOptions,
  'onRefusals' | 'onCertificateChanged' | 'onKeyLeaked' | 'onGone' | 'onStuck' | 'onCrash'
>;

/** What is done about what the workers of the gateway report. */
export function gatewayReports(control: Control): Reports {
  return {
    onRefusals: ({ key, count, addresses }) => {
      if (key === null) control.monitor?.unauthenticated(count);
      return control.installation
        .announce(
          key === null
            ? newEvent('unauthenticated-counted', {
                actor: 'anonymous',
                subject: 'organisation',
                data: { count, addresses: Object.fromEntries(addresses) },
              })
            : newEvent('refusals-counted', { actor: `key:${key}`, subject: `key:${key}`, data: { count } }),
        )
        .catch((fault: Error) =>
          log('error', 'refused calls that were counted are not recorded', { count, fault: fault.message }),
        );
    },
    onCertificateChanged: (integration, origin) =>
      void control.thirdParties
        .certificateChanged(integration, origin)
        .then(async (suspended) => {
          if (!suspended) return;
          log('warn', 'a third party showed another certificate than was approved', {
            integration,
            origin,
          });
          await control.shutOut({ integrations: [integration] });
        })
        .catch((fault: Error) =>
          log('error', 'a third party is not suspended yet', { integration, fault: fault.message }),
        ),
    onKeyLeaked: (key, exchange) =>
      void control.apiKeys
        .revoke('sallyport', key, { reason: 'leaked', exchange })
        .then(() => log('warn', 'a key that stood in a text of a call was revoked', { key, exchange }))
        .catch((fault: Error) =>
          log('error', isInForce(fault) ? 'a leaked key opens nothing' : 'a leaked key is not revoked yet', {
            key,
            fault: fault.message,
          }),
        ),
    onGone: (worker, run) =>
      void control.installation
        .endCrashed(worker, run)
        .catch((fault: Error) =>
          log('error', 'calls of a dead worker got no end yet', { worker, fault: fault.message }),
        ),
    onStuck: (worker) => {
      log('error', 'a gateway worker stopped answering and is replaced; its calls are cut off', { worker });
      void control.monitor?.workerStuck(worker).catch((fault: Error) =>
        log('error', 'a worker that stopped answering is not recorded yet', {
          worker,
          fault: fault.message,
        }),
      );
    },
    onCrash: (worker, error) =>
      log('error', 'a gateway worker died and is replaced', { worker, fault: error.message }),
  };
}
