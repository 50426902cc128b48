// Promise.withResolvers for Node 20, which libp2p calls at start. First import of every entry point; goes away with Node 20.
interface WithResolvers {
  withResolvers?: () => { promise: Promise<unknown>; resolve: unknown; reject: unknown };
}

const target = Promise as unknown as WithResolvers;
if (target.withResolvers === undefined) {
  Object.defineProperty(Promise, "withResolvers", {
    configurable: true,
    writable: true,
    value: function withResolvers(this: PromiseConstructor) {
      let resolve: unknown;
      let reject: unknown;
      const promise = new this((yes, no) => {
        resolve = yes;
        reject = no;
      });
      return { promise, resolve, reject };
    },
  });
}
