// OpenAI's official SDK for JavaScript: chat completions and responses, plain, streaming and with a tool.
import OpenAI from "openai";

const client = new OpenAI({
  baseURL: `${process.env.QUARTERDECK_URL}/v1`,
  apiKey: process.env.QUARTERDECK_KEY,
  maxRetries: 0,
});
const model = "openai/gpt-4o-mini";
const messages = [{ role: "user", content: "Hello" }];
const parameters = { type: "object", properties: { city: { type: "string" } } };

const plain = await client.chat.completions.create({ model, messages });
let streamed = "";
let tokens = 0;
for await (const chunk of await client.chat.completions.create({
  model,
  messages,
  stream: true,
  stream_options: { include_usage: true },
})) {
  streamed += chunk.choices[0]?.delta?.content ?? "";
  tokens = chunk.usage?.total_tokens ?? tokens;
}
const tools = [{ type: "function", function: { name: "weather", parameters } }];
const called = await client.chat.completions.create({ model, messages, tools });
const chatty = { model: "chatty/llama", input: "Weather?", tools: [{ type: "function", name: "weather", parameters }] };
const calling = client.responses.stream(chatty);
const asked = await calling.finalResponse();
const goesOn = await client.responses.create({
  ...chatty,
  previous_response_id: asked.id,
  input: asked.output.map((call) => ({ type: "function_call_output", call_id: call.call_id, output: "Sun" })),
});

const models = await client.models.list();
const refused = await client.chat.completions.create({ model: "nobody/knows", messages }).catch((error) => error);

console.log(
  JSON.stringify({
    answer: plain.choices[0].message.content,
    streamed,
    tokens,
    call: called.choices[0].message.tool_calls[0].function,
    response_call: asked.output[0].arguments,
    response: goesOn.output_text,
    lists_it: models.data.some((each) => each.id === model),
    refused: [refused.constructor.name, refused.status, refused.code],
  }),
);
