// Ties a component to the session: it is drawn again when a topic that it names changes.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Session, Topic } from './session.js';

export class Follows implements ReactiveController {
  private session: Session | undefined;
  private readonly react: () => void;

  constructor(
    private readonly host: ReactiveControllerHost & { session: Session | undefined },
    private readonly topics: Topic[],
    onChange?: () => void,
  ) {
    this.react = onChange ?? (() => this.host.requestUpdate());
    host.addController(this);
  }

  hostUpdate(): void {
    if (this.host.session === this.session) return;
    this.hostDisconnected();
    this.session = this.host.session;
    for (const topic of this.topics) this.session?.addEventListener(topic, this.react);
  }

  hostConnected(): void {
    for (const topic of this.topics) this.session?.addEventListener(topic, this.react);
  }

  hostDisconnected(): void {
    for (const topic of this.topics) this.session?.removeEventListener(topic, this.react);
  }
}
