/** Who the visitor is: the token that is theirs, and whether the brand vouches for them. */
import type { Beginning } from "./frame";
import type { Memory } from "./memory";
import { Renewal, visitorOf } from "./renewal";
import type { Service, Token } from "./service";

export class Visitor {
  readonly #service: Service;
  readonly #memory: Memory;
  readonly #renewal: Renewal;
  #who: { consumerId: string; isIdentified: boolean } | undefined;
  #identityToken: string | undefined;

  /** `onRenewed` is told that another token is theirs from now on. */
  constructor(service: Service, memory: Memory, onRenewed: () => void) {
    this.#service = service;
    this.#memory = memory;
    this.#renewal = new Renewal({
      memory,
      renew: (accessToken) => service.renewed(accessToken),
      onKnown: ({ consumerId, accessToken }) => {
        const isTheirs = this.isAnonymous && this.consumerId === consumerId;
        if (!isTheirs || service.accessToken === accessToken) return;
        service.accessToken = accessToken;
        onRenewed();
      },
    });
  }

  /** Nothing while they are nobody yet. */
  get consumerId(): string | undefined {
    return this.#who?.consumerId;
  }

  /** Whether they are somebody whom the brand does not know by name. */
  get isAnonymous(): boolean {
    return this.#who?.isIdentified === false;
  }

  /** What the brand gave them to say who they are. */
  get identityToken(): string | undefined {
    return this.#identityToken;
  }

  /** Takes up whom this browser remembers, unless somebody is there or that token has run out. */
  recall(): void {
    const { visitor } = this.#memory;
    if (!this.#who && visitor && visitor.expiresAt > Date.now()) this.become(visitor);
    this.stay();
  }

  /** Sees to it that they stay known for as long as the page is open. */
  stay(): void {
    this.#renewal.keep();
  }

  /** Takes up whom another tab of this browser has begun as; returns whether there is somebody. */
  adopt(): boolean {
    const { visitor } = this.#memory;
    if (!visitor || this.#who?.isIdentified) return false;
    this.become(visitor);
    this.stay();
    return true;
  }

  become({ consumerId, accessToken }: Pick<Beginning, "consumerId" | "accessToken">): void {
    this.#service.accessToken = accessToken;
    this.#who = { consumerId, isIdentified: false };
  }

  /** Makes sure that there is a token. */
  async introduce(): Promise<void> {
    if (this.#who) return;
    const issued = await this.#service.token(this.#identityToken);
    const { consumerId, accessToken, isIdentified } = issued;
    this.#service.accessToken = accessToken;
    this.#who = { consumerId, isIdentified };
    if (isIdentified) return;
    this.#memory.visitor = visitorOf(issued, Date.now());
    this.stay();
  }

  /** They are from now on whom the brand's token names. */
  vouched({ accessToken, consumerId }: Token, identityToken: string): void {
    this.#memory.visitor = undefined;
    this.#identityToken = identityToken;
    this.#service.accessToken = accessToken;
    this.#who = { consumerId, isIdentified: true };
  }

  /** Their token is worth nothing any more. */
  lose(): void {
    this.#who = undefined;
    this.#service.accessToken = undefined;
    this.#memory.visitor = undefined;
  }

  /** The next visitor at this browser is somebody else. */
  forget(): void {
    if (this.#who) this.#memory.keepConversation(this.#who.consumerId, undefined);
    this.lose();
    this.#memory.draft = "";
    this.#identityToken = undefined;
  }
}
