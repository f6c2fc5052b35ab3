import module from "../modelwire_tokens_bg.wasm";
import bytes from "../p50k_base.bin";
import { upload } from "./upload.ts";

upload(module, "p50k_base", bytes);
