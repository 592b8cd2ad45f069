import type { Scenario } from './scenario.js';
import { adminErrorScenarios } from './scenarios/admin-errors.js';
import { apiVersionsScenarios } from './scenarios/api-versions.js';
import { configValueScenarios } from './scenarios/config-values.js';
import { configScenarios } from './scenarios/configs.js';
import { connectionScenarios } from './scenarios/connections.js';
import { damageScenarios } from './scenarios/damage.js';
import { damagedFrameScenarios } from './scenarios/damaged-frames.js';
import { damagedRequestScenarios } from './scenarios/damaged-requests.js';
import { fetchScenarios } from './scenarios/fetch.js';
import { fetchSessionScenarios } from './scenarios/fetch-sessions.js';
import { groupErrorScenarios } from './scenarios/group-errors.js';
import { groupTimingScenarios } from './scenarios/group-timing.js';
import { groupScenarios } from './scenarios/groups.js';
import { headerScenarios } from './scenarios/headers.js';
import { initProducerIdScenarios } from './scenarios/init-producer-id.js';
import { listOffsetsScenarios } from './scenarios/list-offsets.js';
import { metadataScenarios } from './scenarios/metadata.js';
import { offsetScenarios } from './scenarios/offsets.js';
import { produceScenarios } from './scenarios/produce.js';
import { restartScenarios } from './scenarios/restart.js';
import { topicScenarios } from './scenarios/topics.js';

/** Every scenario, those of the APIs that clients use most first. */
export const scenarios: readonly Scenario[] = [
  ...apiVersionsScenarios,
  ...headerScenarios,
  ...connectionScenarios,
  ...produceScenarios,
  ...damageScenarios,
  ...fetchScenarios,
  ...fetchSessionScenarios,
  ...listOffsetsScenarios,
  ...metadataScenarios,
  ...initProducerIdScenarios,
  ...groupScenarios,
  ...groupTimingScenarios,
  ...groupErrorScenarios,
  ...offsetScenarios,
  ...topicScenarios,
  ...adminErrorScenarios,
  ...damagedFrameScenarios,
  ...damagedRequestScenarios,
  ...configScenarios,
  ...configValueScenarios,
  ...restartScenarios,
];
