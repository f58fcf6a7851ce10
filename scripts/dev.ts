// The command line from source, without building: npm run dev -- plan
import { main } from '../src/cli/main.js';

await main();
