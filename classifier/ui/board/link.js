/**
 * What travels between server and board, in both directions: this component's data and trigger. It
 * is sent anew with each answer, so it is only this long; the board itself is sent once.
 */
export default function ({ data, parentElement, setTriggerValue }) {
  const board = parentElement.closest(".st-key-board");
  board.link = { data, setTriggerValue };
  board.dispatchEvent(new Event("link"));
}
