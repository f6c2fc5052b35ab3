//! placeholder
use super::*;

/// placeholder
pub struct Anthropic;

impl Dialect for Anthropic {
    fn chat_request(&self, _: &Target<'_>, _: &ChatRequest, _: Mode, _: &mut Vec<Warning>) -> Result<HttpRequest> {
        todo!()
    }
    fn chat_response(&self, _: &[u8], _: &mut Answer) -> Result<()> {
        todo!()
    }
    fn stream_decoder(&self) -> Box<dyn StreamDecoder> {
        todo!()
    }
    fn error(&self, _: &ResponseHead, _: &[u8]) -> Box<Error> {
        todo!()
    }
    fn models_request(&self, _: &Target<'_>) -> Result<HttpRequest> {
        todo!()
    }
    fn models_response(&self, _: &[u8]) -> Result<Vec<String>> {
        todo!()
    }
}
