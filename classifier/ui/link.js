/**
 * What travels between the server and a component, in both directions: this component's data and
 * trigger. It is sent anew with each answer, so it is only this long.
 */
export default function ({ data, parentElement, setTriggerValue }) {
  const owner = parentElement.closest(".st-key-KEY");
  owner.link = { data, setTriggerValue };
  owner.dispatchEvent(new Event("link"));
}
