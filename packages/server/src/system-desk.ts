import {
  CodedError,
  changedSettings,
  clock,
  credentialParameter,
  describeIssue,
  InTurn,
  isMoved,
  leavesPlace,
  newEvent,
  newId,
  type SystemChange,
  type SystemConfig,
  systemNameSchema,
  systemSchema,
} from '@sallyport/core';
import type { Connection } from '@sallyport/store';
import type { Control } from './control.ts';
import { inForce } from './in-force.ts';
import type { KnownSystem } from './snapshot.ts';
import { endBound, endServing, requireNotHeld, requireUnbound } from './system-life.ts';

/** Lets pass who may make a change of a system as it is when the change is made. @throws CodedError */
export type MayChange = (known: KnownSystem) => Promise<void>;

/** Refuses addresses that carry a credential; what is there already stays. @throws CodedError `request-invalid` */
function requirePlainAddresses(urls: readonly string[]): void {
  for (const url of urls) {
    const name = credentialParameter(url);
    if (name !== null)
      throw new CodedError(
        'request-invalid',
        `\`${name}\` in the address carries a credential, which everyone who sees the system would see; use apiKeyRef`,
      );
  }
}

/** Adds, changes and removes AI systems: one change after the other, each looked at whole before anything of it is kept. */
export class SystemDesk {
  readonly #control: Control;
  readonly #turn = new InTurn();

  constructor(control: Control) {
    this.#control = control;
  }

  /**
   * Adds a system, or puts other settings in its place.
   * @param mayPut lets pass who may, by what there is when it is done @throws CodedError what is wrong with it
   */
  put(
    actor: string,
    name: string,
    input: unknown,
    replace = false,
    mayPut: () => Promise<void> = async () => {},
  ): Promise<KnownSystem> {
    return this.#turn.do(async () => {
      await mayPut();
      return this.#put(actor, name, input, replace);
    });
  }

  /** Changes whether a system is observed or enforced. @throws CodedError `system-unknown`, `conflict`, `not-permitted` */
  setMode(
    actor: string,
    name: string,
    mode: SystemConfig['mode'],
    mayChange: MayChange = async () => {},
  ): Promise<KnownSystem> {
    return this.#turn.do(async () => {
      const known = (await this.#control.systems()).find((system) => system.name === name);
      if (!known) throw new CodedError('system-unknown', `no system \`${name.slice(0, 64)}\` is known`);
      await mayChange(known);
      return this.#put(actor, name, { ...known.config, mode }, true);
    });
  }

  /**
   * Changes settings of a system that is there, under the same conditions as adding it.
   * @throws CodedError `system-unknown`, `conflict`, `not-permitted`, and what is wrong with it; then nothing of it is kept
   */
  edit(
    actor: string,
    name: string,
    change: SystemChange,
    mayChange: MayChange = async () => {},
  ): Promise<KnownSystem> {
    return this.#turn.do(async () => {
      const known = (await this.#control.systems()).find((system) => system.name === name);
      if (!known) throw new CodedError('system-unknown', `no system \`${name.slice(0, 64)}\` is known`);
      if (known.demo)
        throw new CodedError('conflict', `\`${name}\` is a demonstration; of it only the mode is changed`);
      await mayChange(known);
      const moved = isMoved(known.config, change);
      return this.#put(actor, name, changedSettings(known.config, change), true, moved);
    });
  }

  remove(actor: string, name: string): Promise<void> {
    return this.#turn.do(async () => {
      const { store } = this.#control.installation;
      const known = (await this.#control.systems()).find((system) => system.name === name);
      const broken = (await store.systems.read()).broken.find((system) => system.name === name);
      const found = known ?? broken;
      if (!found) throw new CodedError('system-unknown', `no system \`${name.slice(0, 64)}\` is known`);
      if (known?.origin === 'file')
        throw new CodedError('conflict', `\`${name}\` is defined in sallyport.yaml; remove it there`);
      await requireUnbound(this.#control, name);
      await this.#requireTaken(name, null);
      const work = async (tx: Connection) => {
        const ended = await endBound(this.#control, tx, actor, name);
        await store.systems.remove(tx, name);
        const removed = newEvent('upstream-removed', {
          actor,
          subject: `system:${name}`,
          demo: found.demo,
          data: known?.id === undefined ? {} : { id: known.id },
        });
        return { result: undefined, event: [removed, ...ended] };
      };
      // Nothing goes to it then, whatever keys and roles name it.
      await inForce(
        () => store.shutOut(work, (row) => row === `systems/${name}`),
        () => this.#control.publish(),
      );
      await this.#control.monitor?.forget(name);
    });
  }

  async #put(
    actor: string,
    name: string,
    input: unknown,
    replace: boolean,
    moved = false,
  ): Promise<KnownSystem> {
    const named = systemNameSchema.safeParse(name);
    if (!named.success)
      throw new CodedError(
        'request-invalid',
        `the name \`${name.slice(0, 64)}\` is not valid: ${named.error.issues[0]!.message}`,
      );
    const parsed = systemSchema.safeParse(input);
    if (!parsed.success) throw new CodedError('request-invalid', describeIssue(parsed.error));
    const { installation, secrets } = this.#control;
    const { store } = installation;
    const known = (await this.#control.systems()).find((system) => system.name === name);
    requirePlainAddresses(parsed.data.urls.filter((url) => !known?.config.urls.includes(url)));
    const broken = (await store.systems.read()).broken.some((system) => system.name === name);
    if (broken || (known && !replace))
      throw new CodedError('conflict', `a system \`${name}\` exists already`);
    if (known?.origin === 'file')
      throw new CodedError('conflict', `\`${name}\` is defined in sallyport.yaml; change it there`);
    const files = await this.#requireUsable(actor, name, parsed.data, known);
    const { config, bind } = await secrets.use(actor, name, { ...parsed.data, ...files }, known);
    // What still points to an earlier system of this name opens none of this one.
    if (!known || moved) await requireUnbound(this.#control, name);
    const now = clock.nowIso();
    const id = known ? known.id : newId('sys');
    const demo = known?.demo ?? false;
    const origin = demo ? 'demo' : 'command';
    await this.#requireTaken(name, { ...(id === undefined ? {} : { id }), name, config, demo, origin });
    await store.change(async (tx) => {
      // What leads to a place that is held is held, under whichever name.
      if (known && leavesPlace(known.config, config)) await requireNotHeld(this.#control, name, tx);
      const end = known ? moved && endServing : endBound;
      const ended = end ? await end(this.#control, tx, actor, name) : [];
      await store.systems.put(tx, {
        ...(id === undefined ? {} : { id }),
        name,
        config,
        demo,
        origin,
        createdAt: now,
        updatedAt: now,
      });
      const { dialect, mode, urls, allowPrivate } = config;
      return {
        result: undefined,
        event: [
          newEvent(known ? 'upstream-changed' : 'upstream-added', {
            actor,
            subject: `system:${name}`,
            demo,
            data: { id, dialect, mode, allowPrivate, hosts: urls.map((url) => new URL(url).host) },
          }),
          ...ended,
          ...(await bind(tx)),
        ],
      };
    });
    // Calls to an earlier one that ended meanwhile are not this one's.
    if (!known) await this.#control.monitor?.forget(name);
    await this.#control.publish();
    return (await this.#control.systems()).find((system) => system.name === name)!;
  }

  /** Whether the gateway takes the state with this system in place of what has its name; it is stored only then. @throws CodedError `internal` */
  async #requireTaken(name: string, system: KnownSystem | null): Promise<void> {
    const { gateway, snapshots } = this.#control;
    if (!gateway) return;
    const others = (await this.#control.systems()).filter((one) => one.name !== name);
    await gateway.tryOut(await snapshots.trial(system ? [...others, system] : others));
  }

  /** Whether what a system names is there and may be named. @returns its files, as they are kept @throws CodedError */
  async #requireUsable(
    actor: string,
    name: string,
    config: SystemConfig,
    known: KnownSystem | undefined,
  ): Promise<Pick<SystemConfig, 'profile' | 'echo'>> {
    const { references, snapshots } = this.#control;
    const { judge } = config;
    if (judge && judge.system !== name && judge.system !== known?.config.judge?.system)
      await this.#control.requireNamed([judge.system]);
    const files: Pick<SystemConfig, 'profile' | 'echo'> = {};
    for (const field of ['profile', 'echo'] as const) {
      const path = config[field];
      if (path === undefined) continue;
      files[field] = path === known?.config[field] ? path : references.learnedPath(actor, path);
    }
    if (known?.config.profile !== files.profile || known?.config.echo !== files.echo)
      snapshots.checkFiles({ ...config, ...files });
    return files;
  }
}
