import module from "../modelwire_tokens_bg.wasm";
import bytes from "../o200k_base.bin";
import { upload } from "./upload.ts";

upload(module, "o200k_base", bytes);
