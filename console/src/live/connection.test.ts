import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Connection, type Socket } from "./connection";

/** A socket whose other end is the test. */
class Wire implements Socket {
  readonly sent: { type: string; requestId?: string; after?: number }[] = [];
  isClosed = false;
  #onMessage: (event: { data: unknown }) => void = () => {};
  #onClose: (event: { code: number; reason: string }) => void = () => {};

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.isClosed = true;
  }

  addEventListener(
    ...[type, then]:
      | ["message", (event: { data: unknown }) => void]
      | ["close", (event: { code: number; reason: string }) => void]
  ): void {
    if (type === "message") this.#onMessage = then;
    else this.#onClose = then;
  }

  say(frame: object): void {
    this.#onMessage({ data: JSON.stringify(frame) });
  }

  breakDown(code = 1006): void {
    this.#onClose({ code, reason: "it broke" });
  }

  /** Answers as a server does to one who comes in. */
  welcome(after: number): void {
    this.say({ type: "READY", accountId: "acme", sequence: after, heartbeatSeconds: 15 });
    this.say({ type: "SUBSCRIBED", requestId: "subscribe", after });
  }

  happen(sequence: number): void {
    this.say({ type: "EVENT", sequence, at: "2026-05-01T10:00:00Z", event: { type: "QUEUED" } });
  }
}

function connect() {
  const wires: Wire[] = [];
  const refused = vi.fn();
  const connection = new Connection(
    { type: "OWN" },
    {
      open: () => {
        const wire = new Wire();
        wires.push(wire);
        return wire;
      },
      onRefused: refused,
      random: () => 0.5,
    },
  );
  const wire = () => {
    const last = wires.at(-1);
    if (!last) throw new Error("expected a socket");
    return last;
  };
  return { connection, wires, wire, refused };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("it goes on after the last event, and shows none twice", () => {
  const { connection, wires, wire } = connect();
  const seen: number[] = [];
  const onStart = vi.fn();
  connection.listen({ onStart, onEvent: ({ sequence }) => seen.push(sequence) });
  wire().welcome(10);
  wire().happen(11);
  wire().happen(14);
  wire().breakDown();
  expect(connection.state.is).toBe("WAITING");
  vi.advanceTimersByTime(500);
  expect(wires).toHaveLength(2);
  wire().welcome(14);
  expect(wire().sent[0]).toMatchObject({ type: "SUBSCRIBE", after: 14 });
  wire().happen(14);
  wire().happen(15);
  expect(seen).toEqual([11, 14, 15]);
  expect(onStart).toHaveBeenCalledTimes(1);
});

test("who comes later is told to read anew", () => {
  const { connection, wire } = connect();
  wire().welcome(10);
  const onStart = vi.fn();
  connection.listen({ onStart });
  expect(onStart).toHaveBeenCalledTimes(1);
});

test("it waits longer from failure to failure, and hurries when asked", () => {
  const { connection, wires, wire, refused } = connect();
  const waits = [500, 1_000, 2_000];
  for (const wait of waits) {
    wire().breakDown();
    vi.advanceTimersByTime(wait - 1);
    const before = wires.length;
    vi.advanceTimersByTime(1);
    expect(wires.length).toBe(before + 1);
  }
  expect(refused).toHaveBeenCalledTimes(waits.length);
  wire().breakDown();
  connection.hurry();
  expect(wires).toHaveLength(5);
});

test("a server that has fallen silent is asked, and then given up", () => {
  const { connection, wires, wire } = connect();
  wire().welcome(10);
  vi.advanceTimersByTime(30_000);
  expect(wire().sent.map(({ type }) => type)).toEqual(["SUBSCRIBE", "SUBSCRIBE"]);
  wire().say({ type: "SUBSCRIBED", requestId: "subscribe", after: 10 });
  expect(connection.state.is).toBe("LIVE");
  vi.advanceTimersByTime(30_000 + 15_000);
  expect(wire().isClosed).toBe(true);
  expect(connection.state.is).toBe("WAITING");
  expect(wires).toHaveLength(1);
});

test("one who lets nobody in and says nothing is given up", () => {
  const { connection, wire } = connect();
  wire().say({ type: "READY", accountId: "acme", sequence: 1, heartbeatSeconds: 15 });
  vi.advanceTimersByTime(15_000);
  expect(connection.state.is).toBe("WAITING");
});

test("commands are answered, refused, or fail with their socket", async () => {
  const { connection, wire } = connect();
  await expect(connection.command("TYPING", {})).rejects.toThrow("no connection");
  wire().welcome(1);
  const said = connection.command("SAY", { text: "hi" });
  const closed = connection.command("CLOSE", {});
  const lost = connection.command("TRANSFER", {});
  const [, first, second] = wire().sent;
  wire().say({ type: "DONE", requestId: first?.requestId, result: { messageId: "m" } });
  const problem = { code: "FORBIDDEN", detail: "not yours", status: 403 };
  wire().say({ type: "FAILED", requestId: second?.requestId, problem });
  wire().breakDown();
  await expect(said).resolves.toEqual({ messageId: "m" });
  await expect(closed).rejects.toThrow("not yours");
  await expect(lost).rejects.toThrow("broke");
});

test.each([4400, 4401, 4403])("after %i it does not try again", (code) => {
  const { connection, wires, wire } = connect();
  wire().welcome(1);
  wire().breakDown(code);
  vi.advanceTimersByTime(60_000);
  expect(connection.state).toEqual({ is: "ENDED", why: "it broke" });
  expect(wires).toHaveLength(1);
});
