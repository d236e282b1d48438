import { ServiceAccounts } from '../programs.ts';
import { Reviews } from '../reviews/reviews.ts';
import { Provisioner } from '../sign-on/provisioner.ts';
import { RefreshTokens } from '../sign-on/refresh-tokens.ts';
import { SignOn } from '../sign-on/sign-on.ts';
import { UsedTokens } from '../sign-on/used-tokens.ts';
import { Workloads } from '../sign-on/workloads.ts';
import { BreakGlass } from './break-glass.ts';
import { Directory } from './directory.ts';
import { PersonFactors } from './factors.ts';
import type { AccessHome } from './home.ts';
import { PersonSessions } from './sessions.ts';
import { SetUpLinks } from './set-up-links.ts';
import { SignIn } from './sign-in.ts';

/** Everything about the accounts of people and programs, from being added to leaving. */
export class Accounts {
  readonly directory: Directory;
  readonly links: SetUpLinks;
  readonly sessions: PersonSessions;
  readonly factors: PersonFactors;
  readonly signIn: SignIn;
  readonly signOn: SignOn;
  readonly programs: ServiceAccounts;
  readonly provisioner: Provisioner;
  readonly workloads: Workloads;
  readonly refreshTokens: RefreshTokens;
  readonly reviews: Reviews;
  readonly breakGlass: BreakGlass;

  constructor(home: AccessHome) {
    this.sessions = new PersonSessions(home);
    this.factors = new PersonFactors(home, this.sessions);
    this.links = new SetUpLinks(home, this.sessions);
    this.directory = new Directory(home, this.sessions, this.links);
    this.signIn = new SignIn(home, this.sessions, this.factors);
    this.programs = new ServiceAccounts(home, this.directory);
    const used = new UsedTokens(home);
    this.workloads = new Workloads(home, used);
    this.provisioner = new Provisioner(home, this.directory);
    this.refreshTokens = new RefreshTokens(home, used);
    this.reviews = new Reviews(home, this.factors, this.directory, this.signIn);
    this.breakGlass = new BreakGlass(home, this.reviews);
    this.signOn = new SignOn(home, this.directory, this.sessions);
  }
}
