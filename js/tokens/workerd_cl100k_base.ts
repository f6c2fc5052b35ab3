import module from "../modelwire_tokens_bg.wasm";
import bytes from "../cl100k_base.bin";
import { upload } from "./upload.ts";

upload(module, "cl100k_base", bytes);
