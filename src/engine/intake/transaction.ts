// Topic `transaction`: into the mempool.
import type { Handler } from "./handler.ts";

export const onTransaction: Handler<"transaction"> = ({ value }, _origin, { mempool }) => mempool.add(value);
