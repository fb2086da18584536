// Many clients that lost the same server must not come back at the same moment.
import { random } from '../crypto/bytes.js';

// A factor from 0.5 to 1.5.
export const jitter = () => 0.5 + random(1)[0] / 255;
