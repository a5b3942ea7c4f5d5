// What the delivery suite and its Worker say to each other beside the platform's own words.
export const DESTINATION_HEADER = "x-test-destination";
export const COUNTS_HEADER = "x-test-counts";
export const BUDGET_MS = 700;
